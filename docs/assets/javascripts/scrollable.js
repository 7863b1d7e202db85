/** 放不下、要横着滚的表、公式与代码：键盘也到得了，表与公式读屏有名字；放得下的不添停顿。 */

/** 会滚的容器 → 读屏读的名字；代码自己就读得出，而且主题看得见它了才让键盘停在上面。 */
const REGIONS = { ".md-typeset__scrollwrap": "表，可以横向滚动", ".mj-math": "公式，可以横向滚动", "pre > code": "" };

/** @type {WeakMap<Element, string>} */
const names = new WeakMap();
/** 先全部量好再改：量一个改一个，版面要来回重算。 */
const sizes = new ResizeObserver((entries) => {
  const measured = entries.map(({ target }) => /** @type {const} */ ([target, target.scrollWidth > target.clientWidth]));
  for (const [region, wide] of measured) mark(region, wide);
});

/** @param {Element} region @param {boolean} wide */
function mark(region, wide) {
  const name = names.get(region);
  const attributes = { tabindex: "0", ...(name ? { role: "group", "aria-label": name } : {}) };
  for (const [key, value] of Object.entries(attributes)) {
    if (wide) region.setAttribute(key, value);
    else region.removeAttribute(key);
  }
}

export function enhance() {
  for (const [selector, name] of Object.entries(REGIONS)) {
    for (const region of document.querySelectorAll(selector)) {
      if (region.parentElement?.closest("[role=group][tabindex]")) continue; // 外面一层已经会滚、有名字
      names.set(region, name);
      sizes.observe(region);
    }
  }
}

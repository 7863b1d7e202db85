/** 放不下、要横着滚的表与公式：键盘也到得了，读屏有名字；放得下的不添停顿。 */

/** 会滚的容器 → 读屏读的名字。 */
const REGIONS = { ".md-typeset__scrollwrap": "表，可以横向滚动", ".mj-math": "公式，可以横向滚动" };

/** @type {WeakMap<Element, string>} */
const names = new WeakMap();
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) mark(/** @type {HTMLElement} */ (target));
});

/** @param {HTMLElement} region */
function mark(region) {
  if (region.scrollWidth > region.clientWidth) {
    region.tabIndex = 0;
    region.setAttribute("role", "group");
    region.setAttribute("aria-label", names.get(region) ?? "");
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) region.removeAttribute(name);
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

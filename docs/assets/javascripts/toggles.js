/** 页眉里开菜单、开搜索的是 label，键盘到不了、读屏没有名字：有脚本时在里面放一个按钮。 */

/** label 开关的是哪一个 → 按钮的名字。 */
const NAMES = { __drawer: "菜单", __search: "搜索" };

/** @param {HTMLInputElement} toggle @param {string} name */
function makeButton(toggle, name) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mj-toggle";
  button.setAttribute("aria-label", name);
  const show = () => button.setAttribute("aria-expanded", String(toggle.checked));
  button.addEventListener("click", () => toggle.click());
  toggle.addEventListener("change", show);
  show();
  return button;
}

export function nameToggles() {
  for (const [id, name] of Object.entries(NAMES)) {
    const toggle = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
    const label = document.querySelector(`label.md-header__button[for='${id}']:not(:has(button))`);
    if (toggle && label) label.append(makeButton(toggle, name));
  }
}

/** Esc 关菜单，焦点回到开它的按钮。 */
addEventListener("keydown", ({ key }) => {
  const drawer = /** @type {HTMLInputElement | null} */ (document.getElementById("__drawer"));
  if (key !== "Escape" || !drawer?.checked) return;
  drawer.click();
  /** @type {HTMLElement | null} */ (document.querySelector("label[for='__drawer'] > .mj-toggle"))?.focus();
});

/** 页眉里换深浅的按钮：选过的记着，没有选过就跟着系统变。 */

const KEY = "__palette";
const { __md_get: read, __md_set: write } =
  /** @type {{__md_get(key: string): {color: {scheme: string}} | null, __md_set(key: string, value: object): void}} */ (
    /** @type {unknown} */ (globalThis)
  );
const dark = matchMedia("(prefers-color-scheme: dark)");

/** @param {boolean} pressed 换成深色 */
function show(pressed) {
  document.querySelector(".mj-scheme")?.setAttribute("aria-pressed", String(pressed));
  const { dataset } = document.body;
  const scheme = pressed ? "slate" : "default";
  if (dataset.mdColorScheme === scheme) return;
  dataset.mdColorSwitching = ""; // 主题的样式：换的这一下，各处的颜色不渐变
  dataset.mdColorScheme = scheme;
  requestAnimationFrame(() => requestAnimationFrame(() => delete dataset.mdColorSwitching));
}

/** 按钮在页眉里，即时导航不换它：接一次就好。接好了才露面，它右边的搜索也是这时才出来。 */
export function enableScheme() {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector(".mj-scheme[hidden]"));
  if (!button) return;
  show(document.body.dataset.mdColorScheme === "slate");
  button.hidden = false;
  button.addEventListener("click", () => {
    show(button.getAttribute("aria-pressed") !== "true");
    write(KEY, { color: { scheme: document.body.dataset.mdColorScheme } });
  });
  dark.addEventListener("change", () => {
    if (!read(KEY)) show(dark.matches);
  });
}

/**
 * 每一页都有的搜索入口：快捷键、首页的按钮、`?q=` 链接。
 * 索引与界面的代码到有人要搜的时候才取。
 */
import { showFault } from "./search/fault.js";
import { startThread } from "./search/thread.js";

const TOGGLE = /** @type {HTMLInputElement | null} */ (document.getElementById("__search"));
const INPUT = /** @type {HTMLInputElement | null} */ (document.querySelector(".md-search__input"));

/** @type {Promise<unknown> | undefined} */
let box;

/** 同时取界面、线程与索引的目录；取不到时在状态行说明，下一次再取。 */
function load() {
  if (box) return;
  const worker = startThread(new URL("../../search/", import.meta.url).href);
  /** @type {Promise<ErrorEvent>} 线程坏了；界面可能还没有取到，所以现在就听 */
  const broken = new Promise((resolve) => {
    worker.addEventListener("error", (event) => resolve(/** @type {ErrorEvent} */ (event)), { once: true });
  });
  box = import("./search/box.js").then(({ startBox }) => startBox(worker, broken, showFault), (error) => {
    worker.terminate();
    box = undefined;
    showFault("搜索没有取到：检查网络后重试。", load);
    console.warn(error);
  });
}

function open() {
  if (!TOGGLE || !INPUT) return;
  load();
  if (!TOGGLE.checked) TOGGLE.click();
  INPUT.focus();
}

/** 正在别处打字时，快捷键不抢。 @param {Element | null} element */
function isTyping(element) {
  return element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));
}

if (TOGGLE && INPUT) {
  INPUT.addEventListener("focus", open);
  INPUT.addEventListener("pointerenter", load);
  TOGGLE.addEventListener("change", () => TOGGLE.checked && open());
  document.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey, isComposing } = event;
    if (ctrlKey || metaKey || altKey || isComposing || isTyping(document.activeElement)) return;
    if (key === "/" || key === "s" || key === "f") {
      event.preventDefault();
      open();
    }
  });
  // 委托给 document：即时换页后首页的按钮是新的
  document.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("[data-mj-search], header [for='__search']")) load();
    if (/** @type {Element} */ (event.target).closest("[data-mj-search]")) open();
  });
  const asked = new URL(location.href).searchParams.get("q");
  if (asked !== null) {
    INPUT.value = asked;
    open();
  }
}

/** 页脚上方的一条提示：有新版本、别的标签页更新了、存储满了。读屏会读；不抢焦点，不自己刷新。 */
import { button } from "../button.js";

const SITE = new URL("../../", import.meta.url);

/** @param {"waiting" | "changed" | "full"} kind @param {ServiceWorkerRegistration} [registration] */
export function showNotice(kind, registration) {
  if (kind === "waiting") {
    say(kind, "有新版本", button("更新", () => update(registration)));
  } else if (kind === "changed") {
    leaveByLoading();
    say(kind, "网站更新了，这一页还是以前的", button("刷新", () => location.reload()));
  } else {
    const link = document.createElement("a");
    link.href = new URL("about/offline/", SITE).href;
    link.textContent = "看留了哪些";
    say(kind, "本机的存储满了：页面照常能读，但没有留下供离线看", link);
  }
}

/** 换上新版本再刷新；写到一半的都在本机的草稿里。 @param {ServiceWorkerRegistration} [registration] */
function update(registration) {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  if (registration?.waiting) registration.waiting.postMessage({ type: "activate" });
  else location.reload(); // 已经在别的标签页里换上了
}

/** 这一页的脚本与新的页面不是一套：此后点链接都整页打开。 */
function leaveByLoading() {
  addEventListener(
    "click",
    (event) => {
      if (event.target instanceof Element && event.target.closest("a[href]")) event.stopImmediatePropagation();
    },
    true,
  );
}

/** @param {string} kind @param {string} text @param {HTMLElement} action */
function say(kind, text, action) {
  const bar = document.querySelector(".mj-notice") ?? makeBar();
  if (bar.getAttribute("data-kind") === kind) return;
  bar.setAttribute("data-kind", kind);
  const close = button("以后", () => bar.replaceChildren());
  // 先有空的一条，再放字：读屏只读已有的区域里变了的
  requestAnimationFrame(() => bar.replaceChildren(text, action, close));
}

function makeBar() {
  const bar = document.createElement("div");
  bar.className = "mj-notice";
  bar.setAttribute("role", "status");
  document.body.append(bar);
  return bar;
}

/**
 * 手机上第一屏以下的各块（data-later）先不排版，见 site.css：一次排完，慢的手机要停住几百毫秒，点什么都没有反应。
 * 页面能用之后一小段一小段排完；要走到某一处去时，剩下的先一次排好，位置才准。
 */

/** 一次排这么多毫秒，排完画一帧。 */
const SHARE = 10;
const root = document.documentElement;

/** 即时导航随后换来的页面也不再分段。 */
function layAll() {
  root.classList.add("mj-whole");
}

/** @param {Element[]} waiting */
function layNext(waiting) {
  for (const end = performance.now() + SHARE; performance.now() < end; ) {
    const block = waiting.shift();
    if (!block) return layAll();
    block.removeAttribute("data-later");
    block.getBoundingClientRect(); // 现在就排，不留给画的那一帧
  }
  requestAnimationFrame(() => setTimeout(layNext, 0, waiting));
}

/** 样式没有让它们等（大的屏、不认得的浏览器），就没有要排的。 */
export function layOut() {
  const waiting = [...document.querySelectorAll("[data-later]")];
  const last = waiting.at(-1);
  if (last && getComputedStyle(last).contentVisibility === "auto") layNext(waiting);
  else layAll();
}

addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("a")?.hash) layAll();
}, { capture: true });

/** 离线：「离线」页上的面板，断网时的页面上留着的清单。 */
import { showKept } from "./offline/kept.js";
import { Panel } from "./offline/panel.js";

const SITE = new URL("../../", import.meta.url);

export function enhance() {
  const panel = /** @type {HTMLElement | null} */ (document.querySelector(".mj-offline"));
  if (panel && !panel.dataset.ready) new Panel(panel, SITE);
  const kept = /** @type {HTMLElement | null} */ (document.querySelector(".mj-offline-list"));
  if (kept && !kept.childElementCount && "caches" in globalThis) {
    showKept(kept, SITE).then((count) => {
      if (!count) kept.textContent = "本机还没有留下页面：有网络时读过的会自己留下。";
    });
  }
}

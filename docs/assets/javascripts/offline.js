/** 离线：「离线」页上的面板，断网时的页面上留着的清单。 */
import { element } from "./element.js";
import { showKept } from "./offline/kept.js";
import { Panel } from "./offline/panel.js";

const SITE = new URL("../../", import.meta.url);

export function enhance() {
  const panel = /** @type {HTMLElement | null} */ (document.querySelector(".mj-offline"));
  if (panel && !panel.dataset.ready) new Panel(panel, SITE);
  const kept = /** @type {HTMLElement | null} */ (document.querySelector(".mj-offline-list"));
  if (kept && !kept.childElementCount && "caches" in globalThis) showOffline(kept);
}

/** 断网页：留着哪些；索引没有留就不摆搜索。 @param {HTMLElement} place */
async function showOffline(place) {
  const count = await showKept(place, SITE, "h2");
  if (!count) place.replaceChildren(element("p", { class: "mj-empty" }, "本机还没有留下页面：有网络时读过的会自己留下。"));
  if (!(await caches.match(new URL("search/index.json", SITE)))) document.querySelector("article [data-mj-search]")?.remove();
}

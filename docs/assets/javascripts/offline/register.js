/**
 * 登记 service worker，告诉它这一页要了什么；有新版本时摆出一条提示，不自己刷新。
 * 没有 manifest 的站（预览、离线包）没有 service worker。
 */
const SITE = new URL("../../", import.meta.url);
const workers = navigator.serviceWorker;

/** @param {"waiting" | "changed" | "full"} kind @param {ServiceWorkerRegistration} [registration] */
function notice(kind, registration) {
  import("./notice.js").then(
    ({ showNotice }) => showNotice(kind, registration),
    (error) => console.warn("提示没有取到", error),
  );
}

async function start() {
  try {
    await workers.register(new URL("sw.js", SITE), { updateViaCache: "none" });
  } catch (error) {
    console.warn("离线没有装上，下次打开再试", error);
  }
  const registration = await workers.getRegistration(SITE);
  if (!registration) return;
  const watch = () => {
    if (registration.waiting && workers.controller) notice("waiting", registration);
    registration.installing?.addEventListener("statechange", watch);
  };
  registration.addEventListener("updatefound", watch);
  watch();
  let controlled = Boolean(workers.controller);
  workers.addEventListener("controllerchange", () => {
    if (controlled) notice("changed");
    controlled = true;
  });
  workers.addEventListener("message", ({ data }) => data.type === "full" && notice("full"));
  const { active } = await workers.ready;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  active?.postMessage({ type: "ready", urls: [location.href, ...loaded] });
}

export function register() {
  if (!workers || !document.querySelector("link[rel=manifest]")) return;
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
}

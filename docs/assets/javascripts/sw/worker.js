/**
 * Service worker：只管站内的 GET；装上时取外壳，读过的留下，新版本等读者点头。
 * 规则在 respond.js，更新之后的搬家在 catch_up.js。
 */
import { Build, keptBuilds, pathOf } from "../offline/build.js";
import { catchUp } from "./catch_up.js";
import { ClientBuilds } from "./clients.js";
import { respond } from "./respond.js";

/** 遇到另一次构建的页面时，等新版本的外壳取全，最多这么久（毫秒）。 */
const PATIENCE = 5_000;

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);
const scope = new URL(worker.registration.scope);
const build = new Build(scope, BUILD);
const clients = new ClientBuilds(scope);
/** 最近一次想留而没有留成，是因为存储满了。 */
let full = false;
/** @type {Promise<void>} */
let moving = Promise.resolve();

const site = { build, clients, newer, onUnkept };

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const path = pathOf(url, scope);
  if (request.method !== "GET" || path === null || request.headers.has("Range")) return;
  // no-store 是「留整站」自己在取；清单与 sw.js 不归缓存管
  if (request.cache === "no-store" || request.cache === "only-if-cached" || path === "sw.js" || path.startsWith("offline/")) return;
  event.respondWith(respond(event, path, site));
});
worker.addEventListener("message", (event) => {
  const { data } = event;
  if (data.type === "activate") event.waitUntil(worker.skipWaiting());
  else if (data.type === "build") event.ports[0].postMessage(BUILD);
  else if (data.type === "ready") {
    if (full) event.source?.postMessage({ type: "full" });
    event.waitUntil(settle(data.urls));
  }
});

/** 外壳：与上一次构建一样的抄过来，其余从网上取；有一个不对就不装，下次再来。 */
async function install() {
  const older = await keptBuilds(scope);
  const present = new Set((await build.kept()).map(({ path }) => path));
  const wanted = Object.keys(BUILD.shell).filter((path) => !present.has(path));
  await Promise.all(
    wanted.map(async (path) => {
      if (!(await build.copy(path, older))) await build.take(path, { cache: "no-cache" });
    }),
  );
  await build.complete();
}

async function activate() {
  await clients.activate(build.id);
  await worker.clients.claim();
}

/** 网页打开了：接上以前留下的；这一页若在 service worker 之前就打开了，也留下。 @param {string[]} urls */
async function settle(urls) {
  moving = moving.then(() => catchUp(build, clients)).catch(onUnkept);
  await moving;
  for (const url of urls) {
    const path = pathOf(new URL(url), scope);
    if (path === null || path.startsWith("offline/") || (await build.read(path))) continue;
    if (await build.find(path).catch(() => null)) await build.take(path).catch(onUnkept);
  }
}

/** 站上有更新的构建：等它的外壳取全。 */
async function newer() {
  const { registration } = worker;
  await registration.update().catch(() => undefined); // 没有网络：下面找不到就是没有
  const installing = registration.installing;
  if (installing) {
    await new Promise((resolve) => {
      installing.addEventListener("statechange", resolve);
      setTimeout(resolve, PATIENCE);
    });
  }
  const builds = await keptBuilds(scope);
  return builds.slice(builds.findIndex((one) => one.id === build.id) + 1).pop();
}

/** @param {unknown} error */
function onUnkept(error) {
  console.warn("没有留下", error);
  if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return;
  full = true;
  void worker.clients.matchAll({ type: "window" }).then((open) => {
    for (const client of open) client.postMessage({ type: "full" });
  });
}

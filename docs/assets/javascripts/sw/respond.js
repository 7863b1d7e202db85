/** 一个请求怎么答：留着的给留着的；没有留的从网上取，核对过才留下；都不成时说明白。 */
import { Build, isPage, keptBuilds, WrongFile } from "../offline/build.js";
import { NETWORK } from "./clients.js";

/** 更大的边收边给，收完再核对；其余的核对完才给。 */
const STREAMED = 1_000_000;
/** 页面要的东西与它不是一次构建的，或没有取全。 */
const MIXED = 409;
const OFFLINE_PAGE = "503.html";

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

/**
 * @typedef {object} Site
 * @property {Build} build 这个 service worker 自己的构建
 * @property {import("./clients.js").ClientBuilds} clients
 * @property {() => Promise<Build | undefined>} newer 更新的构建，外壳已经取全；等一会儿还没有就是 undefined
 * @property {(error: unknown) => void} onUnkept 取到了但没有留成
 */

/**
 * @typedef {object} Taken
 * @property {"right" | "other" | "half" | "lost" | "pass"} state
 *   核对相符；是另一次构建的；没有取全；没有网络；不归这里管
 * @property {Response} response
 */

/** @param {FetchEvent} event @param {string} path @param {Site} site @returns {Promise<Response>} */
export async function respond(event, path, site) {
  if (event.request.mode !== "navigate") return load(event, path, site);
  if (isPage(path)) return openPage(event, path, site);
  // 下载，或少写了末尾的斜杠
  const response = await load(event, path, site);
  if (response.type !== "error") return response;
  const folder = `${path}/index.html`;
  return (await site.build.read(folder)) ? Response.redirect(site.build.url(folder)) : sayOffline(site.build);
}

/** @param {FetchEvent} event @param {string} path @param {Site} site @returns {Promise<Response>} */
async function openPage(event, path, site) {
  const { build, clients } = site;
  const kept = await build.read(path);
  if (kept) return kept;
  const { state, response } = await take(event, path, build, site);
  if (state === "right" || state === "pass") return response;
  if (state === "other") {
    const newer = await site.newer();
    const bytes = await response.clone().arrayBuffer();
    const right = newer && (await keepIfRight(newer, path, bytes, response.headers.get("Content-Type"), site, event));
    await clients.set(event.resultingClientId, newer && right ? newer.id : NETWORK);
    return response;
  }
  for (const other of (await keptBuilds(build.scope)).reverse()) {
    const found = await other.read(path);
    if (!found) continue;
    await clients.set(event.resultingClientId, other.id);
    return found;
  }
  return sayOffline(build);
}

/** @param {Build} build */
async function sayOffline(build) {
  const page = await build.read(OFFLINE_PAGE);
  return page ? new Response(page.body, { status: 503, headers: page.headers }) : Response.error();
}

/** 页面要的东西，与那一页同出一次构建。 @param {FetchEvent} event @param {string} path @param {Site} site @returns {Promise<Response>} */
async function load(event, path, site) {
  const id = await site.clients.get(event.clientId);
  // 线程要的东西也算那一页的
  if (id && event.resultingClientId) await site.clients.set(event.resultingClientId, id);
  const build = !id || id === site.build.id ? site.build : (await keptBuilds(site.build.scope)).find((one) => one.id === id);
  if (!build) return fetch(event.request);
  const kept = await build.read(path);
  if (kept) return kept;
  const { state, response } = await take(event, path, build, site);
  if (state === "right" || state === "pass") return response;
  if (state === "other") void worker.registration.update().catch(() => undefined); // 没有网络时下次再问
  if (state === "other" && event.request.mode === "navigate") return response;
  // 即时导航要的页面：答错误，主题就会整页打开它，由 openPage 决定给哪次构建的
  if (state === "lost" || isPage(path)) return Response.error();
  return new Response(null, { status: MIXED });
}

/** @param {FetchEvent} event @param {string} path @param {Build} build @param {Site} site @returns {Promise<Taken>} */
async function take(event, path, build, site) {
  const [response, entry] = await Promise.all([
    fetch(event.request).catch(() => undefined),
    build.find(path).catch(() => undefined),
  ]);
  if (!response) return { state: "lost", response: Response.error() };
  const type = response.headers.get("Content-Type");
  if (!response.ok || response.type !== "basic" || (entry === null && !isPage(path))) return { state: "pass", response };
  if (entry && entry[1] > STREAMED) {
    const copy = response.clone();
    event.waitUntil(
      copy.arrayBuffer().then(async (bytes) => {
        await build.verify(path, bytes, entry);
        await build.keep(path, bytes, entry, type);
      }).catch(site.onUnkept),
    );
    return { state: "right", response };
  }
  const half = { state: /** @type {const} */ ("half"), response };
  const bytes = await read(response);
  if (bytes && entry && (await keepIfRight(build, path, bytes, type, site, event))) {
    return { state: "right", response: remake(bytes, response) };
  }
  // 中间的缓存可能还是旧的，或这一次没有取全：绕过缓存再取一次
  const again = entry ? await fetch(build.url(path), { cache: "reload" }).catch(() => undefined) : undefined;
  const fresh = again?.ok ? await read(again) : bytes;
  if (!fresh) return half;
  if (entry && (await keepIfRight(build, path, fresh, type, site, event))) {
    return { state: "right", response: remake(fresh, response) };
  }
  return isPage(path) && !isWhole(fresh) ? half : { state: "other", response: remake(fresh, response) };
}

/** 中途断了是 null。 @param {Response} response */
async function read(response) {
  try {
    return await response.arrayBuffer();
  } catch {
    return null;
  }
}

/**
 * 与清单相符就留下（不等它写完），返回是否相符。
 * @param {Build} build @param {string} path @param {ArrayBuffer} bytes @param {string | null} type @param {Site} site @param {FetchEvent} event
 */
async function keepIfRight(build, path, bytes, type, site, event) {
  try {
    const entry = await build.find(path);
    if (!entry) return false;
    await build.verify(path, bytes, entry);
    event.waitUntil(build.keep(path, bytes, entry, type).catch(site.onUnkept));
    return true;
  } catch (error) {
    if (error instanceof WrongFile || error instanceof TypeError) return false; // 不符，或清单取不到
    throw error;
  }
}

/** @param {ArrayBuffer} bytes @param {Response} like */
function remake(bytes, like) {
  const type = like.headers.get("Content-Type");
  return new Response(bytes, { status: like.status, headers: type ? { "Content-Type": type } : {} });
}

/** @param {ArrayBuffer} page */
function isWhole(page) {
  return new TextDecoder().decode(page.slice(-64)).trimEnd().endsWith("</html>");
}

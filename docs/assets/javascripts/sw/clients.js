/**
 * 哪个页面出自哪次构建。没有记的就是这个 service worker 自己的那次；要记的是更新前后两次并存的时候。
 * 浏览器随时会停掉 service worker，所以记在缓存里。
 */

/** 不属于本机留着的任何一次：它要的一切都从网上取。 */
export const NETWORK = "network";
/** 记在同一处的一项：现在用着的构建。 */
const ACTIVE = "active";

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

export class ClientBuilds {
  /** @param {URL} scope */
  constructor(scope) {
    this.cacheName = `mianjing-clients ${scope.pathname}`;
    this.key = new URL("offline/clients", scope).href;
    /** @type {Promise<Map<string, string>> | undefined} */
    this.loading = undefined;
  }

  /** @param {string} id @returns {Promise<string | undefined>} */
  async get(id) {
    return (await this.load()).get(id);
  }

  /** @param {string} id @param {string} build */
  async set(id, build) {
    const known = await this.load();
    known.set(id, build);
    const cache = await caches.open(this.cacheName);
    // 存储满了：service worker 停掉之前还记得
    await cache.put(this.key, Response.json(Object.fromEntries(known))).catch(() => undefined);
  }

  /** 换成这次构建；还开着的页面出自上一次，记下来，它们要的东西仍从那一次拿。 @param {string} build */
  async activate(build) {
    const last = await this.get(ACTIVE);
    if (last && last !== build) {
      for (const { id } of await openClients()) if (!(await this.get(id))) await this.set(id, last);
    }
    await this.set(ACTIVE, build);
  }

  /** 还开着的页面用到的构建。 @returns {Promise<Set<string>>} */
  async inUse() {
    const [known, open] = await Promise.all([this.load(), openClients()]);
    return new Set(open.flatMap(({ id }) => known.get(id) ?? []));
  }

  /** @returns {Promise<Map<string, string>>} */
  load() {
    this.loading ??= this.read();
    return this.loading;
  }

  async read() {
    const cache = await caches.open(this.cacheName);
    const stored = await cache.match(this.key);
    /** @type {Record<string, string>} */
    const known = stored ? await stored.json() : {};
    const open = new Set((await openClients()).map(({ id }) => id));
    return new Map(Object.entries(known).filter(([id]) => id === ACTIVE || open.has(id)));
  }
}

function openClients() {
  return worker.clients.matchAll({ includeUncontrolled: true, type: "all" });
}

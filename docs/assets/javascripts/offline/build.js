/**
 * 一次构建的文件：清单里有什么、本机留下了什么。网页与 service worker 都用它。
 *
 * 一次构建一个缓存，里面只有与清单的散列相符的文件：一页与它要的东西因此总出自同一次构建，
 * 没有取全的也进不来。清单按路径排好，切成几份，要到哪份取哪份。格式见构建端的 `offline.py`。
 *
 * @typedef {[hash: string, bytes: number]} Entry
 * @typedef {{files: number, bytes: number, download: number}} Total 字节数：占用的、压缩后要下载的（约）
 * @typedef {object} Meta
 * @property {string} id
 * @property {string[]} lists 各份清单的第一个路径
 * @property {Record<string, Entry>} shell 装上时就取的文件
 * @property {{site: Total, python: Total}} totals
 * @property {number} [installed] 外壳取全的时刻，只在本机的那一份里有
 * @typedef {{path: string, hash: string, title: string, kept: number}} Kept
 */

/** 网页里的 Python 在这里；留整站时可以不要它。 */
const PYTHON = "assets/pyodide/";
const HASH = "X-Mianjing-Hash";
const TITLE = "X-Mianjing-Title";
const KEPT = "X-Mianjing-Kept";

/** 取来的不是这次构建的那一份：站更新过，或没有取全。 */
export class WrongFile extends Error {}

/** @param {string} path */
export function isPage(path) {
  return path.endsWith(".html");
}

/** @param {string} path */
export function isPython(path) {
  return path.startsWith(PYTHON);
}

/** 地址 → 站内的文件路径；不在站内的、写坏了的是 null。查询与锚点不算。 @param {URL} url @param {URL} scope */
export function pathOf(url, scope) {
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return null;
  try {
    const path = decodeURIComponent(url.pathname.slice(scope.pathname.length));
    return path === "" || path.endsWith("/") ? `${path}index.html` : path;
  } catch {
    return null;
  }
}

/** 本机留着的各次构建，按装上的先后；外壳还没取全的不算。 @param {URL} scope @returns {Promise<Build[]>} */
export async function keptBuilds(scope) {
  const prefix = cachePrefix(scope);
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
  const builds = await Promise.all(names.map((name) => openBuild(scope, name.slice(prefix.length))));
  return builds.filter((build) => build !== null).sort((a, b) => (a.meta.installed ?? 0) - (b.meta.installed ?? 0));
}

/** @param {URL} scope @param {string} id */
async function openBuild(scope, id) {
  const cache = await caches.open(cachePrefix(scope) + id);
  const meta = await cache.match(metaUrl(scope, id));
  return meta ? new Build(scope, await meta.json()) : null;
}

/** 同一个主机上可以有几个这样的站。 @param {URL} scope */
function cachePrefix(scope) {
  return `mianjing ${scope.pathname} `;
}

/** @param {URL} scope @param {string} id */
function metaUrl(scope, id) {
  return new URL(`offline/${id}/build.json`, scope).href;
}

export class Build {
  /** @param {URL} scope 站点的根，以 / 结尾 @param {Meta} meta */
  constructor(scope, meta) {
    this.scope = scope;
    this.meta = meta;
    this.cacheName = cachePrefix(scope) + meta.id;
    /** @type {Map<number, Promise<Record<string, Entry>>>} */
    this.lists = new Map();
  }

  get id() {
    return this.meta.id;
  }

  /** @param {string} path */
  url(path) {
    const page = path.replace(/(^|\/)index\.html$/, "$1");
    return new URL(page.split("/").map(encodeURIComponent).join("/"), this.scope).href;
  }

  /** 记下外壳已经取全；此后才算留着这次构建。 */
  async complete() {
    const cache = await caches.open(this.cacheName);
    await cache.put(metaUrl(this.scope, this.id), Response.json({ ...this.meta, installed: Date.now() }));
  }

  /**
   * 清单里的一项；这次构建没有这个文件时是 null。清单取不到时抛错。
   * @param {string} path
   * @returns {Promise<Entry | null>}
   */
  async find(path) {
    if (Object.hasOwn(this.meta.shell, path)) return this.meta.shell[path];
    const after = this.meta.lists.findIndex((first) => first > path);
    const number = (after < 0 ? this.meta.lists.length : after) - 1;
    if (number < 0) return null;
    const list = await this.list(number);
    return Object.hasOwn(list, path) ? list[path] : null;
  }

  /** 全部文件。 @returns {Promise<[string, Entry][]>} */
  async files() {
    const lists = await Promise.all(this.meta.lists.map((_, number) => this.list(number)));
    return lists.flatMap((list) => Object.entries(list));
  }

  /** @param {number} number */
  list(number) {
    let list = this.lists.get(number);
    if (!list) {
      list = this.fetchList(number);
      this.lists.set(number, list);
      list.catch(() => this.lists.delete(number));
    }
    return list;
  }

  /** @param {number} number @returns {Promise<Record<string, Entry>>} */
  async fetchList(number) {
    const cache = await caches.open(this.cacheName);
    const url = new URL(`offline/${this.id}/${number}.json`, this.scope).href;
    const kept = await cache.match(url);
    if (kept) return kept.json();
    const response = await fetch(url, { cache: "no-store" });
    if (!response.ok) throw new WrongFile(`清单 ${number}：服务器回答 ${response.status}`);
    const list = await response.json();
    await cache.put(url, Response.json(list)).catch(() => undefined); // 存储满了：清单用过就算，下次再取
    return list;
  }

  /** 留着的一份；没有留时是 undefined。 @param {string} path */
  async read(path) {
    const cache = await caches.open(this.cacheName);
    return cache.match(this.url(path));
  }

  /**
   * 核对散列；不符时抛 WrongFile。
   * @param {string} path
   * @param {ArrayBuffer} bytes
   * @param {Entry} entry
   */
  async verify(path, bytes, [hash, size]) {
    if (bytes.byteLength !== size) throw new WrongFile(`${path}：${bytes.byteLength} 字节，应有 ${size}`);
    if ((await digest(bytes)) !== hash) throw new WrongFile(`${path}：内容与清单不符`);
  }

  /**
   * 留下核对过的一份；存储满了时抛 QuotaExceededError。
   * @param {string} path
   * @param {ArrayBuffer} bytes
   * @param {Entry} entry
   * @param {string | null} type
   */
  async keep(path, bytes, [hash, size], type) {
    const headers = new Headers({ "Content-Length": String(size), [HASH]: hash, [KEPT]: String(Date.now()) });
    if (type) headers.set("Content-Type", type);
    if (isPage(path)) headers.set(TITLE, encodeURIComponent(titleOf(bytes)));
    const cache = await caches.open(this.cacheName);
    await cache.put(this.url(path), new Response(bytes, { headers }));
  }

  /**
   * 从网上取一份，核对，留下；不是这次构建的那一份时抛 WrongFile。
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async take(path, options) {
    const entry = await this.find(path);
    if (!entry) throw new WrongFile(`${path}：这次构建没有这个文件`);
    const response = await fetch(this.url(path), options);
    if (!response.ok) throw new WrongFile(`${path}：服务器回答 ${response.status}`);
    const bytes = await response.arrayBuffer();
    await this.verify(path, bytes, entry);
    await this.keep(path, bytes, entry, response.headers.get("Content-Type"));
    return entry;
  }

  /** 别的构建留着同样的一份就抄过来；没有抄成是 false。 @param {string} path @param {Build[]} others */
  async copy(path, others) {
    const entry = await this.find(path);
    for (const other of others) {
      const found = await other.read(path);
      if (!entry || found?.headers.get(HASH) !== entry[0]) continue;
      const cache = await caches.open(this.cacheName);
      await cache.put(this.url(path), found);
      return true;
    }
    return false;
  }

  /** 留着的全部文件。 @returns {Promise<Kept[]>} */
  async kept() {
    const cache = await caches.open(this.cacheName);
    const [requests, responses] = await Promise.all([cache.keys(), cache.matchAll()]);
    return requests.flatMap((request, i) => {
      const { headers } = responses[i];
      const path = pathOf(new URL(request.url), this.scope);
      const hash = headers.get(HASH);
      if (path === null || hash === null) return [];
      return [{ path, hash, title: decodeURIComponent(headers.get(TITLE) ?? ""), kept: Number(headers.get(KEPT)) }];
    });
  }

  /** 只留外壳与清单。 */
  async forget() {
    const cache = await caches.open(this.cacheName);
    const extra = (await this.kept()).filter(({ path }) => !Object.hasOwn(this.meta.shell, path));
    await Promise.all(extra.map(({ path }) => cache.delete(this.url(path))));
    return extra.length;
  }
}

/** SHA-256 的前八个字节，十六进制。 @param {ArrayBuffer} bytes */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** 页面的标题，去掉后面的站名。 @param {ArrayBuffer} bytes */
function titleOf(bytes) {
  const head = new TextDecoder().decode(bytes.slice(0, 8_192));
  const title = /<title>([^<]*)<\/title>/.exec(head)?.[1] ?? "";
  const plain = title.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);
  return plain.split(" - ").slice(0, -1).join(" - ") || plain;
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

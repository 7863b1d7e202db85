/** 把整站留在本机：一个一个取，核对了才算；可以停，断了再点接着来。 */
import { isPython, WrongFile } from "./build.js";

const AT_ONCE = 6;

/** @typedef {{files: number, bytes: number}} Amount */
/** @typedef {{done: Amount, all: Amount}} Progress */

/**
 * 已经留下多少。
 * @param {import("./build.js").Build} build
 * @param {boolean} python 连同网页里的 Python
 * @returns {Promise<{progress: Progress, missing: [string, import("./build.js").Entry][]}>}
 */
export async function compare(build, python) {
  const present = new Map((await build.kept()).map(({ path, hash }) => [path, hash]));
  const files = (await build.files()).filter(([path]) => python || !isPython(path));
  const missing = files.filter(([path, [hash]]) => present.get(path) !== hash);
  const all = sum(files);
  const rest = sum(missing);
  return { progress: { done: { files: all.files - rest.files, bytes: all.bytes - rest.bytes }, all }, missing };
}

/**
 * 取全；停下时抛 AbortError，断了抛 TypeError，站更新过抛 WrongFile，存储满了抛 QuotaExceededError。
 * @param {import("./build.js").Build} build
 * @param {boolean} python
 * @param {AbortSignal} signal
 * @param {(progress: Progress) => void} onProgress
 */
export async function keepWhole(build, python, signal, onProgress) {
  const { progress, missing } = await compare(build, python);
  onProgress(progress);
  const next = async () => {
    for (let one = missing.shift(); one !== undefined; one = missing.shift()) {
      signal.throwIfAborted();
      const [path, [, bytes]] = one;
      try {
        await build.take(path, { cache: "no-store", signal });
      } catch (error) {
        missing.length = 0; // 一处断了，别的也不再取
        throw error;
      }
      progress.done.files += 1;
      progress.done.bytes += bytes;
      onProgress(progress);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

/** 停在哪里的原因，写成一句话。 @param {unknown} error */
export function describeStop(error) {
  if (error instanceof DOMException && error.name === "AbortError") return "停下了";
  if (error instanceof DOMException && error.name === "QuotaExceededError") return "本机的存储满了，腾出地方再继续";
  if (error instanceof WrongFile) return `有一个文件与清单不符，网站可能刚更新过，刷新这一页再试（${error.message}）`;
  return "网络断了";
}

/** @param {[string, import("./build.js").Entry][]} files @returns {Amount} */
function sum(files) {
  return { files: files.length, bytes: files.reduce((total, [, [, bytes]]) => total + bytes, 0) };
}

/** 搜索的线程；离线包里没有线程，打包时换成 file/thread.js。 */

/** @typedef {Pick<Worker, "postMessage" | "addEventListener" | "terminate">} Thread */

/** @param {string} base 索引目录的地址，以 / 结尾 @returns {Thread} */
export function startThread(base) {
  const worker = new Worker(new URL("search_worker.js", import.meta.url), { type: "module" });
  worker.postMessage({ base });
  return worker;
}

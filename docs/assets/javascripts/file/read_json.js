/**
 * 从文件打开的页面里不能 fetch：数据写成脚本，执行时把自己登记到 `mianjingData`，键是站内的路径。
 * 由 hooks/mianjing/archive.py 写出，`t0.json` 就是 `t0.js`。
 */
const SITE = new URL("../../", import.meta.url).href;

/** @type {Record<string, unknown>} */
const files = ((/** @type {any} */ (globalThis)).mianjingData ??= {});

/** @param {string} address @returns {Promise<any>} */
export function readJson(address) {
  const { href } = new URL(address, location.href);
  const name = decodeURIComponent(href.slice(SITE.length));
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = href.replace(/json$/, "js");
    script.addEventListener("load", () => {
      script.remove();
      resolve(files[name]);
      delete files[name];
    });
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error("文件不在，离线包可能没有解压全"));
    });
    document.head.append(script);
  });
}

/**
 * 从文件打开的页面里不能 fetch：索引文件写成脚本，执行时把自己登记到 `mianjingIndex`。
 * 由 hooks/mianjing/archive.py 写出，`t0.json` 就是 `t0.js`。
 */

/** @type {Record<string, unknown>} */
const files = ((/** @type {any} */ (globalThis)).mianjingIndex ??= {});

/** @param {string} base @param {string} name @returns {Promise<unknown>} */
export function readFile(base, name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = base + name.replace(/json$/, "js");
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

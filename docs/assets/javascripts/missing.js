/**
 * 数据没有取到时给读者的话；从文件打开的页面取不到，说怎么办。
 * @param {string} what @param {unknown} error
 */
export function describeMiss(what, error) {
  if (location.protocol === "file:") return `${what}从文件打开的页面不能取数据，在解压的文件夹里运行 python -m http.server，再打开 http://localhost:8000/。`;
  return `${what}${error instanceof Error ? error.message : error} `;
}

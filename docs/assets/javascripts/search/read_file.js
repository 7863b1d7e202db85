/** 取一个索引文件；离线包里不能 fetch，打包时换成 file/read_file.js。 */

const TIMEOUT = 15_000;

/** @param {string} base @param {string} name @returns {Promise<unknown>} */
export async function readFile(base, name) {
  const response = await fetch(base + name, { signal: AbortSignal.timeout(TIMEOUT) });
  if (response.status === 409) throw new Error("网站更新过，或没有取全"); // 由 sw/respond.js 答的
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

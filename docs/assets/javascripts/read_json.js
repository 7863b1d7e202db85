/** 取一份 JSON；离线包里不能 fetch，打包时换成 file/read_json.js。 */
import { describeFetch } from "./fetch_fault.js";

/** 由 sw/respond.js 答的：与这一页不是一次构建的，或没有取全。 */
const MIXED = 409;

/** @param {string} address @param {RequestInit} [options] @returns {Promise<any>} */
export async function readJson(address, options) {
  const response = await fetch(address, options).catch(explain);
  if (response.status === MIXED) throw new Error("网站更新过，或没有取全");
  if (!response.ok) throw new Error(`服务器回答 ${response.status}`);
  return response.json().catch(explain);
}

/** @param {unknown} error @returns {never} */
function explain(error) {
  throw new Error(describeFetch(error), { cause: error });
}

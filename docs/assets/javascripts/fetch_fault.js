/**
 * 取文件时的错误 → 给读者的一句话；浏览器自己的话是英文的，各家还不一样。
 * @param {unknown} error
 */
export function describeFetch(error) {
  if (error instanceof TypeError) return "网络不通";
  if (error instanceof SyntaxError) return "收到的不是完整的 JSON";
  if (error instanceof DOMException && error.name === "TimeoutError") return "很久没有回应";
  return error instanceof Error ? error.message : String(error);
}

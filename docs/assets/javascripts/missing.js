/**
 * 数据没有取到时给读者的话。
 * @param {string} what @param {unknown} error
 */
export function describeMiss(what, error) {
  return `${what}${error instanceof Error ? error.message : error} `;
}

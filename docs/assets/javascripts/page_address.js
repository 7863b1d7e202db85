/** 站内一页的完整地址；离线包里指到文件，打包时换成 file/page_address.js。 */
const SITE = new URL("../../", import.meta.url);

/** @param {string} path 相对站点根，以 / 结尾，可带锚点：`questions/lstm/` */
export function pageAddress(path) {
  return new URL(path, SITE).href;
}

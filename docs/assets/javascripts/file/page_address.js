/** 离线包里一页的地址：指到文件，与 mkdocs 的 use_directory_urls: false 相同。 */
const SITE = new URL("../../", import.meta.url);
/** 源是文件夹里的 index.md 的，写成文件夹里的 index.html；其余写成 .html。 */
const FOLDER = /^(?:practice\/[^/]+|(?!tags\/)[^/]+)\/$/;

/** @param {string} path 相对站点根，以 / 结尾，可带锚点：`questions/lstm/` */
export function pageAddress(path) {
  const [page, anchor] = path.split("#");
  const file = FOLDER.test(page) ? `${page}index.html` : page.replace(/\/$/, ".html");
  return new URL(anchor === undefined ? file : `${file}#${anchor}`, SITE).href;
}

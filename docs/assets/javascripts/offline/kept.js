/** 本机留着的页面：按栏目列出，最近读的在前。 */
import { isPage, keptBuilds } from "./build.js";

/** 栏目的文件夹 → 名字；别的归到「其他」。 */
const SECTIONS = [
  ["experiences/", "面经"],
  ["topics/", "考点"],
  ["questions/", "题目"],
  ["practice/", "手写"],
  ["notebooks/", "推导"],
  ["", "其他"],
];
const HIDDEN = ["404.html", "503.html"];
/** 每个栏目先列这么多，其余折起来。 */
const SHOWN = 8;

/**
 * 列在 place 里，返回页数。
 * @param {HTMLElement} place
 * @param {URL} scope
 * @param {"h2" | "h4"} level 栏目名是几级标题
 */
export async function showKept(place, scope, level) {
  const builds = (await keptBuilds(scope)).reverse();
  /** @type {Map<string, import("./build.js").Kept & {url: string}>} 几次构建都有的，只列一次 */
  const pages = new Map();
  for (const build of builds) {
    for (const one of await build.kept()) {
      if (isPage(one.path) && !HIDDEN.includes(one.path) && !pages.has(one.path)) pages.set(one.path, { ...one, url: build.url(one.path) });
    }
  }
  const left = [...pages.values()].sort((a, b) => b.kept - a.kept);
  const parts = SECTIONS.flatMap(([folder, name]) => {
    const mine = left.filter((page) => page.path.startsWith(folder));
    for (const page of mine) left.splice(left.indexOf(page), 1);
    return mine.length ? [section(name, mine, level)] : [];
  });
  place.replaceChildren(...parts);
  return pages.size;
}

/** @param {string} name @param {{title: string, url: string}[]} pages @param {"h2" | "h4"} level */
function section(name, pages, level) {
  const part = document.createElement("section");
  const heading = document.createElement(level);
  heading.textContent = `${name}（${pages.length} 页）`;
  part.append(heading, list(pages.slice(0, SHOWN)));
  if (pages.length > SHOWN) {
    const more = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = `其余 ${pages.length - SHOWN} 页`;
    more.append(summary, list(pages.slice(SHOWN)));
    part.append(more);
  }
  return part;
}

/** @param {{title: string, url: string}[]} pages */
function list(pages) {
  const made = document.createElement("ul");
  for (const { title, url } of pages) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = title || decodeURIComponent(url);
    const item = document.createElement("li");
    item.append(link);
    made.append(item);
  }
  return made;
}

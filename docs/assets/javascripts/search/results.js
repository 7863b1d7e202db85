/**
 * 答案 → 页面上的结果列表。文字一律作为文字放进去，不拼 HTML。
 *
 * @typedef {import("./engine.js").Answer} Answer
 * @typedef {import("./engine.js").Result} Result
 * @typedef {import("./excerpt.js").Piece} Piece
 */

import { button } from "../button.js";
import { pageAddress } from "../page_address.js";

/** 还没有打字时的例子。 */
const EXAMPLES = ["月之暗面", "手写 MHA", "loss spike", "KV cache"];
/** 不用搜索的去处。 */
const PLACES = /** @type {[string, string][]} */ ([["experiences/", "面经"], ["topics/", "考点"], ["questions/", "题库"], ["practice/", "手写"], ["tags/", "标签"]]);

/**
 * 还没有打字：几个例子，点了就搜；还有不用搜索的去处。
 *
 * @param {HTMLElement} list
 * @param {(example: string) => void} search
 */
export function renderStart(list, search) {
  const item = element("li", "md-search-result__item mj-result mj-result--none");
  const examples = EXAMPLES.map((example) => {
    const made = button(example, () => search(example));
    made.className = "mj-search-kind";
    return made;
  });
  item.append(ways("例如", examples), ways("或者翻", renderPlaces()));
  list.replaceChildren(item);
}

/**
 * @param {HTMLElement} list
 * @param {Answer} answer
 * @param {URL} site 站点的根
 */
export function renderResults(list, answer, site) {
  const items = answer.results.map((result) => (result ? renderResult(result, answer, site) : renderPending()));
  if (!answer.total && !answer.waiting) items.push(renderNone(answer, site));
  list.replaceChildren(...items);
  list.dataset.query = answer.query;
}

/**
 * 种类的过滤：每种几页。
 *
 * @param {HTMLElement} group
 * @param {Answer} answer
 * @param {string} chosen
 * @param {(kind: string) => void} choose
 */
export function renderKinds(group, answer, chosen, choose) {
  const focused = group.contains(document.activeElement) && document.activeElement?.getAttribute("data-kind");
  const all = answer.kinds.reduce((sum, [, count]) => sum + count, 0);
  const buttons = /** @type {[string, number][]} */ ([["", all], ...answer.kinds]).map(([kind, count]) => {
    const button = element("button", "mj-search-kind", `${kind || "全部"} ${count}`);
    button.setAttribute("type", "button");
    button.setAttribute("data-kind", kind);
    button.setAttribute("aria-pressed", String(kind === chosen));
    button.addEventListener("click", () => choose(kind));
    return button;
  });
  group.replaceChildren(...buttons);
  group.hidden = !chosen && answer.kinds.length < 2;
  if (typeof focused === "string") buttons.find((button) => button.getAttribute("data-kind") === focused)?.focus();
}

/** @param {Result} result @param {Answer} answer @param {URL} site */
function renderResult(result, answer, site) {
  const item = element("li", "md-search-result__item mj-result");
  const link = /** @type {HTMLAnchorElement} */ (element("a", "md-search-result__link"));
  link.href = address(result.url, answer, site);
  const title = element("div", "mj-result__title");
  title.append(element("span", "mj-result__kind", result.kind), ...pieces(result.title));
  link.append(title);
  if (result.heading.length) {
    const heading = element("div", "mj-result__heading");
    heading.append(...pieces(result.heading));
    link.append(heading);
  }
  const text = element("div", "mj-result__text");
  text.append(...pieces(result.excerpt));
  link.append(text);
  item.append(link);
  if (result.more.length) item.append(renderMore(result, answer, site));
  return item;
}

/** @param {Result} result @param {Answer} answer @param {URL} site */
function renderMore(result, answer, site) {
  const row = element("div", "mj-result__more");
  for (const { url, heading } of result.more) {
    const link = /** @type {HTMLAnchorElement} */ (element("a", ""));
    link.href = address(url, answer, site);
    link.append(...pieces(heading));
    row.append(link);
  }
  return row;
}

function renderPending() {
  return element("li", "md-search-result__item mj-result mj-result--pending", "这一条的内容还没有取到");
}

/** 一条也没有：怎么改着搜，最接近的考点，不用搜索的去处。 @param {Answer} answer @param {URL} site */
function renderNone(answer, site) {
  const item = element("li", "md-search-result__item mj-result mj-result--none");
  if (!answer.failed.length) item.append(element("p", "", "换短一点的词、英文缩写，或者公司的简称再试。"));
  const nearest = answer.nearest.map(({ title, url }) => anchor(new URL(url, site).href, title));
  if (nearest.length) item.append(ways("最接近的考点", nearest));
  item.append(ways("或者翻", renderPlaces()));
  return item;
}

function renderPlaces() {
  return PLACES.map(([path, name]) => anchor(pageAddress(path), name));
}

/** 一个名目，后面一排。 @param {string} name @param {HTMLElement[]} links */
function ways(name, links) {
  const row = element("div", "mj-result__ways");
  const place = element("div", "");
  place.append(...links);
  row.append(element("span", "", name), place);
  return row;
}

/** @param {string} href @param {string} text */
function anchor(href, text) {
  const link = /** @type {HTMLAnchorElement} */ (element("a", "", text));
  link.href = href;
  return link;
}

/** @param {string} url @param {Answer} answer @param {URL} site */
function address(url, answer, site) {
  const target = new URL(url, site);
  if (answer.words) target.searchParams.set("h", answer.words);
  return target.href;
}

/** @param {Piece[]} list */
function pieces(list) {
  return list.map(([text, marked]) => (marked ? element("mark", "", text) : document.createTextNode(text)));
}

/** @param {string} tag @param {string} name @param {string} [text] */
function element(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

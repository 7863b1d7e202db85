/** 从搜索结果来到一页：把地址里 `?h=` 的词在正文中做上记号，然后从地址里拿掉。 */
import { bigrams, readWords } from "./words.js";

const SKIPPED = ".katex, script, style, .headerlink, mark";

export function markPage() {
  const url = new URL(location.href);
  const wanted = url.searchParams.get("h");
  if (!wanted) return;
  url.searchParams.delete("h");
  history.replaceState(history.state, "", url);
  const article = document.querySelector("article");
  if (article) markWords(article, wanted);
}

/**
 * @param {Element} root
 * @param {string} wanted 空格隔开的词
 */
export function markWords(root, wanted) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const nodes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeValue?.trim() && !node.parentElement?.closest(SKIPPED)) nodes.push(/** @type {Text} */ (node));
  }
  const keys = chooseKeys(wanted, root.textContent ?? "");
  for (const node of nodes) markNode(node, keys);
}

/**
 * 正文里有整个词就只标整个词，没有才标相邻两字。
 *
 * @param {string} wanted
 * @param {string} text
 */
function chooseKeys(wanted, text) {
  const runs = new Set(readWords(text).map((word) => word.text));
  const all = [...runs].join("\n");
  /** @type {Set<string>} */
  const keys = new Set();
  for (const word of readWords(wanted)) {
    if (word.kind === "word" || all.includes(word.text)) keys.add(word.text);
    else for (const pair of bigrams(word.text)) if (pair.length > 1) keys.add(pair);
  }
  return keys;
}

/** @param {Text} node @param {Set<string>} keys */
function markNode(node, keys) {
  const text = node.data;
  /** @type {[number, number][]} */
  const marks = [];
  for (const word of readWords(text)) {
    if (word.kind === "word") {
      if (keys.has(word.text)) marks.push([word.start, word.end]);
      continue;
    }
    for (const key of keys) {
      for (let at = word.text.indexOf(key); at >= 0; at = word.text.indexOf(key, at + key.length)) {
        marks.push([word.start + at, word.start + at + key.length]);
      }
    }
  }
  marks.sort((a, b) => a[0] - b[0]);
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const [start, end] of marks) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    const mark = document.createElement("mark");
    mark.className = "mj-hit";
    mark.textContent = text.slice(from, end);
    fragment.append(text.slice(at, from), mark);
    at = end;
  }
  if (!at) return;
  fragment.append(text.slice(at));
  node.replaceWith(fragment);
}

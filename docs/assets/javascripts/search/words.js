/**
 * 文字 → 词。规则与构建端的 `hooks/mianjing/search/words.py` 相同，由同一份性质测试对照。
 *
 * @typedef {object} Word 原文里的一段：汉字连写，或一个西文词
 * @property {"han" | "word"} kind
 * @property {string} text 小写，已 foldWidth
 * @property {number} start 在原文里的起点（UTF-16）
 * @property {number} end
 * @property {boolean} joined 与前一个西文词合写（中间至多一个空格、连字符之类）
 */

const HAN = "\\u3005\\u3007\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3fffd}";
const RUNS = new RegExp(`([${HAN}]+)|((?:(?![${HAN}])[\\p{L}\\p{N}])+)`, "gu");
const JOINER = /^[\s\-_/.@+'’·]?$/;
const LONGEST_WORD = 40;
const LONGEST_PAIR = 24;

/** @type {Map<string, string>} 繁体字 → 简体字；查询里有找不到的字时才取来 */
const simplified = new Map();

/** @param {string} pairs 两字一对：繁、简 */
export function learnTraditional(pairs) {
  const chars = [...pairs];
  for (let i = 0; i + 1 < chars.length; i += 2) simplified.set(chars[i], chars[i + 1]);
}

/**
 * 逐字的 NFKC 与繁简，连同每个字在原文里的位置。
 *
 * @param {string} text
 * @returns {{text: string, offsets: number[]}} offsets 比 text 长一，末项是原文的长度
 */
export function foldWidth(text) {
  let folded = "";
  /** @type {number[]} */
  const offsets = [];
  let at = 0;
  for (const char of text) {
    for (const plain of char.normalize("NFKC")) {
      const out = simplified.get(plain) ?? plain;
      folded += out;
      for (let i = 0; i < out.length; i++) offsets.push(at);
    }
    at += char.length;
  }
  offsets.push(at);
  return { text: folded, offsets };
}

/**
 * @param {string} raw
 * @returns {Word[]}
 */
export function readWords(raw) {
  const { text, offsets } = foldWidth(raw);
  /** @type {Word[]} */
  const words = [];
  let last = "";
  let lastEnd = 0;
  for (const match of text.matchAll(RUNS)) {
    const end = match.index + match[0].length;
    const [start, stop] = [offsets[match.index], offsets[end - 1] + width(raw, offsets[end - 1])];
    if (match[1]) {
      words.push({ kind: "han", text: match[1], start, end: stop, joined: false });
      continue;
    }
    if ([...match[0]].length > LONGEST_WORD) {
      last = "";
      continue;
    }
    const word = match[0].toLowerCase();
    const gap = text.slice(lastEnd, match.index);
    const joined = last !== "" && JOINER.test(gap) && joins(last, word);
    words.push({ kind: "word", text: word, start, end: stop, joined });
    [last, lastEnd] = [word, end];
  }
  return words;
}

/**
 * 相邻两词要不要合写：太长的不合，两个都是数字的不合。
 *
 * @param {string} first
 * @param {string} second
 */
export function joins(first, second) {
  const digits = /^\p{Nd}+$/u;
  return (
    [...first].length + [...second].length <= LONGEST_PAIR &&
    !(digits.test(first) && digits.test(second))
  );
}

/**
 * 汉字串的相邻两字；只有一个字时就是它自己。
 *
 * @param {string} run
 * @returns {string[]}
 */
export function bigrams(run) {
  const chars = [...run];
  if (chars.length < 2) return chars;
  return chars.slice(1).map((char, i) => chars[i] + char);
}

/** @param {string} text @param {number} at */
function width(text, at) {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

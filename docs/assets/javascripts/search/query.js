/**
 * 查询 → 要查的词。
 *
 * @typedef {object} Term
 * @property {string} key 索引里的词
 * @property {number[]} bits 它盖住查询的哪几个单位
 * @property {number} weight
 *
 * @typedef {object} Query
 * @property {string} name 去掉停用语、空格与大小写后的整句，供名字对照
 * @property {string} fullName 同上，停用语还在
 * @property {Word[]} words
 * @property {Term[][]} slots 每一格里的词互为替代，只取分最高的一个
 * @property {number[]} sizes 每个单位有多大：一个汉字是 1，一个西文词是 2
 * @property {number[]} starts 每个单位在 name 里的起点，用来对照名字
 * @property {boolean} cut 太长，只用了开头
 *
 * @typedef {import("./words.js").Word} Word
 */
import { FINAL_PARTICLES, STOP_PHRASES } from "./stop_phrases.js";
import { bigrams, foldWidth, readWords } from "./words.js";

export const LONGEST_QUERY = 60;

const STOPS = new RegExp(STOP_PHRASES.join("|"), "gi");
const PARTICLES = new RegExp(`[${FINAL_PARTICLES}]+(?=$|[^\\p{L}\\p{N}])`, "gu");

/**
 * @param {string} raw
 * @param {{synonyms: Record<string, string>, spelling?: Map<string, string[]>}} options
 * @returns {Query}
 */
export function readQuery(raw, { synonyms, spelling = new Map() }) {
  const chars = [...raw.trim()];
  const cut = chars.length > LONGEST_QUERY;
  const text = chars.slice(0, LONGEST_QUERY).join("");
  const all = readWords(text);
  const kept = readWords(dropStops(text));
  const words = kept.length ? kept : all;
  const spell = (/** @type {Word} */ { text: own }) => spelling.get(own)?.[0] ?? own;
  /** @type {Query} */
  const query = {
    name: words.map(spell).join(""),
    fullName: all.map(spell).join(""),
    words,
    slots: [],
    sizes: [],
    starts: [],
    cut,
  };
  let length = 0;
  let previous = "";
  for (const word of words) {
    const bit = query.sizes.length;
    if (word.kind === "han") {
      const units = [...word.text];
      for (const unit of units) {
        query.sizes.push(1);
        query.starts.push(length);
        length += unit.length;
      }
      const pairs = bigrams(word.text);
      pairs.forEach((key, i) => {
        const bits = units.length > 1 ? [bit + i, bit + i + 1] : [bit];
        query.slots.push([{ key, bits, weight: 1 }]);
      });
      previous = "";
      continue;
    }
    query.sizes.push(2);
    query.starts.push(length);
    const spelled = spelling.get(word.text) ?? [word.text];
    length += spelled[0].length;
    query.slots.push(spelled.map((key) => ({ key, bits: [bit], weight: 1 })));
    if (word.joined && previous) {
      query.slots.push([{ key: previous + spelled[0], bits: [bit - 1, bit], weight: 1 }]);
    }
    previous = spelled[0];
  }
  addSynonyms(query, synonyms);
  return query;
}

/** @param {string} text */
function dropStops(text) {
  return foldWidth(text).text.replace(STOPS, "，").replace(PARTICLES, "，");
}

/**
 * 同义词：`手撕` 也按 `手写代码` 搜，盖住的是 `手撕` 那两个单位。
 *
 * @param {Query} query
 * @param {Record<string, string>} synonyms
 */
function addSynonyms(query, synonyms) {
  for (const [alias, label] of Object.entries(synonyms)) {
    const at = query.name.indexOf(alias);
    if (at < 0) continue;
    const bits = query.starts.flatMap((start, bit) =>
      start >= at && start < at + alias.length ? [bit] : [],
    );
    if (!bits.length) continue;
    const keys = readWords(label).flatMap((word) =>
      word.kind === "han" ? bigrams(word.text) : [word.text],
    );
    query.slots.push(keys.map((key) => ({ key, bits, weight: 0.7 })));
  }
}

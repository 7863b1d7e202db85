/**
 * 名字：标题与别名整个出现在查询里。`月之暗面 面试` 里有 `月之暗面`，就直接认得那家公司。
 *
 * @typedef {import("./query.js").Query} Query
 * @typedef {import("./index_files.js").Entry} Entry
 */

/** 整句就是标题：要的就是那一页。 */
const WHOLE_TITLE = 4;

/**
 * @param {Query} query
 * @param {(key: string) => Entry | undefined} look 名字的键以 = 结尾；片没有取到的当作没有
 * @returns {Map<number, {score: number, bits: number[]}>} 文档 → 0～1 的分与盖住的单位
 */
export function findNames(query, look) {
  /** @type {{from: number, to: number, documents: Map<number, number>}[]} */
  const spans = [];
  query.starts.forEach((from) => {
    const rest = query.name.slice(from);
    for (let length = rest.length; length > 0; length--) {
      if (!isBoundary(query, from + length)) continue;
      const entry = look(`${rest.slice(0, length)}=`);
      if (entry) spans.push({ from, to: from + length, documents: read(entry[0], entry[1]) });
    }
  });
  /** @type {Map<number, {score: number, bits: number[]}>} */
  const named = new Map();
  for (const { from, to, documents } of spans) {
    if (spans.some((other) => other.from <= from && other.to >= to && other.to - other.from > to - from)) continue;
    const bits = query.starts.flatMap((start, bit) => (start >= from && start < to ? [bit] : []));
    for (const [document, score] of documents) {
      const known = named.get(document);
      named.set(document, {
        score: Math.max(score, known?.score ?? 0),
        bits: [...new Set([...(known?.bits ?? []), ...bits])],
      });
    }
  }
  const entry = query.fullName !== query.name && look(`${query.fullName}=`);
  if (entry) {
    const bits = query.starts.map((_, bit) => bit);
    for (const [document, score] of read(entry[0], entry[1])) named.set(document, { score, bits });
  }
  for (const found of named.values()) {
    const isTitle = found.score === 1 && found.bits.length === query.starts.length;
    if (isTitle) found.score = WHOLE_TITLE;
  }
  return named;
}

/** @param {Query} query @param {number} at */
function isBoundary(query, at) {
  return at === query.name.length || query.starts.includes(at);
}

/** @param {number[]} deltas @param {string} digits @returns {Map<number, number>} */
function read(deltas, digits) {
  let number = 0;
  return new Map(deltas.map((delta, i) => [(number += delta), Number(digits[i]) / 9]));
}

/**
 * 打分：BM25F（字段与长度已在索引里算好）+ 名字 + 盖住了查询的多少 + 是否落在同一节。
 *
 * @typedef {import("./index_files.js").Meta} Meta
 * @typedef {import("./index_files.js").Shard} Shard
 * @typedef {import("./query.js").Query} Query
 *
 * @typedef {object} Found
 * @property {number} document
 * @property {number} score
 * @property {number} coverage 盖住了查询的多少，0～1
 * @property {number[]} sections 命中的节（全站编号），最好的在前
 */

const LEVELS = 36;
/** 标题、别名、标签里的词相对正文的权。 */
const DOCUMENT_WEIGHT = 1.6;
/** 整个名字在查询里：按它占查询的多少加分。 */
const NAME_WEIGHT = 18;
/** 盖住的比例的幂：越大越偏向什么都提到的页。 */
const COVERAGE_POWER = 1.5;
/** 不落在最好那一节里的词打的折。 */
const ELSEWHERE = 0.5;
/** 低于这个比例的页不算找到。 */
const LEAST_COVERAGE = 0.3;
/** 同分时的次序：公司、考点、题目、手写、推导、标签、本站。 */
const KIND_PRIOR = [1.05, 1.2, 1, 1, 1, 0.8, 0.9];
const MOST_SECTIONS = 3;

/** 文档、节与种类的编号对照。 */
export class Layout {
  /** @param {Meta} meta */
  constructor(meta) {
    this.documents = meta.sections.length;
    /** 每份文档的第一节。 */
    this.firstSection = new Int32Array(this.documents + 1);
    meta.sections.forEach((count, i) => (this.firstSection[i + 1] = this.firstSection[i] + count));
    this.sections = this.firstSection[this.documents];
    this.documentOf = new Int32Array(this.sections);
    for (let d = 0; d < this.documents; d++) {
      this.documentOf.fill(d, this.firstSection[d], this.firstSection[d + 1]);
    }
    this.kindOf = new Uint8Array(this.documents);
    let at = 0;
    meta.kinds.forEach(([, count], kind) => {
      this.kindOf.fill(kind, at, at + count);
      at += count;
    });
  }
}

/**
 * 词在哪一片。
 *
 * @param {string[]} firsts 各片的第一个词
 * @param {string} key
 */
export function shardOf(firsts, key) {
  let [low, high] = [0, firsts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (firsts[middle] <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * @param {Query} query
 * @param {Layout} layout
 * @param {(key: string) => import("./index_files.js").Entry | undefined} look
 * @param {Map<number, {score: number, bits: number[]}>} named 名字在查询里的文档
 * @returns {Found[]} 好的在前
 */
export function rank(query, layout, look, named) {
  const sizes = unitSizes(query, layout, look);
  const whole = sizes.reduce((sum, size) => sum + size, 0) || 1;
  const documents = new Scores(layout.documents);
  const sections = new Scores(layout.sections);
  for (const slot of query.slots) {
    /** @type {Map<number, number>} */
    const documentBest = new Map();
    /** @type {Map<number, number>} */
    const sectionBest = new Map();
    for (const { key, weight } of slot) {
      const entry = look(key);
      if (!entry) continue;
      const value = weight * idf(entry, layout.sections);
      collect(documentBest, entry[0], entry[1], value * DOCUMENT_WEIGHT);
      collect(sectionBest, entry[2], entry[3], value);
    }
    const bits = slot[0].bits;
    documents.add(documentBest, bits);
    sections.add(sectionBest, bits);
  }
  for (const [document, { score, bits }] of named) {
    const share = bits.reduce((sum, bit) => sum + sizes[bit], 0) / whole;
    documents.add(new Map([[document, NAME_WEIGHT * score * share]]), bits);
  }
  /** @type {Map<number, number[]>} */
  const touched = new Map();
  for (const document of documents.touched) touched.set(document, []);
  for (const section of sections.touched) {
    const document = layout.documentOf[section];
    const known = touched.get(document);
    if (known) known.push(section);
    else touched.set(document, [section]);
  }
  /** @type {Found[]} */
  const found = [];
  for (const [document, hits] of touched) {
    const inDocument = documents.bits(document);
    const ranked = hits
      .map((section) => ({
        section,
        score: sections.scores[section] * (0.5 + 0.5 * share(sections.bits(section), sizes, whole)),
      }))
      .sort((a, b) => b.score - a.score || a.section - b.section);
    const best = ranked[0];
    const together = best ? union(inDocument, sections.bits(best.section)) : inDocument;
    const anywhere = hits.reduce((bits, section) => union(bits, sections.bits(section)), inDocument);
    const near = share(together, sizes, whole);
    const coverage = near + ELSEWHERE * (share(anywhere, sizes, whole) - near);
    if (coverage < LEAST_COVERAGE) continue;
    const sum = documents.scores[document] + (best?.score ?? 0) + 0.15 * (ranked[1]?.score ?? 0);
    found.push({
      document,
      score: sum * coverage ** COVERAGE_POWER * KIND_PRIOR[layout.kindOf[document]],
      coverage,
      sections: ranked
        .filter(({ score }) => score >= 0.5 * best.score)
        .slice(0, MOST_SECTIONS)
        .map(({ section }) => section),
    });
  }
  return found.sort((a, b) => b.score - a.score || a.document - b.document);
}

/**
 * 每个单位的份量：常见的字轻，少见的重，站内没有的最重（没盖住它就是没找到）。
 *
 * @param {Query} query
 * @param {Layout} layout
 * @param {(key: string) => import("./index_files.js").Entry | undefined} look
 */
function unitSizes(query, layout, look) {
  const most = Math.log(1 + layout.sections);
  const rarest = query.sizes.map(() => 0);
  for (const slot of query.slots) {
    for (const { key, bits } of slot) {
      const entry = look(key);
      if (entry) {
        const value = idf(entry, layout.sections) / most;
        for (const bit of bits) rarest[bit] = Math.max(rarest[bit], value);
      }
    }
  }
  return query.sizes.map((size, bit) => size * (rarest[bit] || 1));
}

/** @param {import("./index_files.js").Entry} entry @param {number} sections */
function idf(entry, sections) {
  const count = Math.max(entry[4] ?? 0, entry[0].length);
  return Math.log(1 + (sections - count + 0.5) / (count + 0.5));
}

/**
 * @param {Map<number, number>} best
 * @param {number[]} deltas
 * @param {string} digits
 * @param {number} value
 */
function collect(best, deltas, digits, value) {
  let number = 0;
  for (let i = 0; i < deltas.length; i++) {
    number += deltas[i];
    const score = (value * (parseInt(digits[i], LEVELS) + 0.5)) / LEVELS;
    if (score > (best.get(number) ?? 0)) best.set(number, score);
  }
}

/** 分与盖住的单位；单位至多 64 个，分在两个 32 位里。 */
class Scores {
  /** @param {number} count */
  constructor(count) {
    this.scores = new Float64Array(count);
    this.low = new Uint32Array(count);
    this.high = new Uint32Array(count);
    /** @type {Set<number>} */
    this.touched = new Set();
  }

  /** @param {Map<number, number>} values @param {number[]} bits */
  add(values, bits) {
    const [low, high] = mask(bits);
    for (const [number, value] of values) {
      this.scores[number] += value;
      this.low[number] |= low;
      this.high[number] |= high;
      this.touched.add(number);
    }
  }

  /** @param {number} number @returns {[number, number]} */
  bits(number) {
    return [this.low[number], this.high[number]];
  }
}

/** @param {number[]} bits @returns {[number, number]} */
function mask(bits) {
  let [low, high] = [0, 0];
  for (const bit of bits) {
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return [low, high];
}

/** @param {[number, number]} a @param {[number, number]} b @returns {[number, number]} */
function union(a, b) {
  return [a[0] | b[0], a[1] | b[1]];
}

/** @param {[number, number]} bits @param {number[]} sizes @param {number} whole */
function share([low, high], sizes, whole) {
  let sum = 0;
  sizes.forEach((size, bit) => {
    if (bit < 32 ? low & (1 << bit) : high & (1 << (bit - 32))) sum += size;
  });
  return sum / whole;
}

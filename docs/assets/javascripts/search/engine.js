/**
 * 一次提问：查询 → 取要用的片 → 打分 → 前几条的摘要。不碰页面，worker 与离线的脚本都用它。
 *
 * @typedef {import("./index_files.js").Meta} Meta
 * @typedef {import("./excerpt.js").Piece} Piece
 * @typedef {import("./rank.js").Found} Found
 *
 * @typedef {object} Result
 * @property {string} kind
 * @property {string} url 相对站点根，带锚点
 * @property {Piece[]} title
 * @property {Piece[]} heading
 * @property {Piece[]} excerpt
 * @property {{url: string, heading: Piece[]}[]} more 同一页的其他节
 *
 * @typedef {object} Answer
 * @property {string} query
 * @property {string} words 给目标页做记号的词，空格隔开
 * @property {string} completion 接在查询后面的补全
 * @property {number} total
 * @property {[kind: string, count: number][]} kinds 各种类的条数，不受过滤影响
 * @property {(Result | null)[]} results 还没取到文字的是 null
 * @property {[from: string, to: string][]} corrected
 * @property {{title: string, url: string}[]} nearest 没有找到时最接近的考点
 * @property {string[]} failed 没有取到的文件
 * @property {boolean} cut 查询太长，只用了开头
 * @property {boolean} waiting 还有文件在路上
 */
import { excerpt, markText } from "./excerpt.js";
import { IndexFileError, IndexFiles } from "./index_files.js";
import { findNames } from "./names.js";
import { readQuery } from "./query.js";
import { Layout, rank, shardOf } from "./rank.js";
import { suggestSpellings } from "./spelling.js";
import { foldWidth, learnTraditional } from "./words.js";

const SHORTEST_PREFIX = 2;
const MOST_EXPANSIONS = 12;
const SHORTEST_SPELLING = 4;
/** 前几条另列同一页的其他节，每条至多几节；每一节都要另取文字。 */
const RESULTS_WITH_MORE = 3;
const MORE_SECTIONS = 2;
/** 等这么久（毫秒）还没到的文件先不等，答已有的。 */
const PATIENCE = 1_500;
/** 前面已经等过的，后面每一步还至少等这么久。 */
const LEAST_PATIENCE = 400;

/** 一次提问里没取到的与还没到的。 */
class Progress {
  constructor() {
    /** @type {Set<string>} */
    this.failed = new Set();
    this.waiting = false;
    this.deadline = Date.now() + PATIENCE;
  }
}

export class Engine {
  /** @param {string} base 索引目录的地址，以 / 结尾 */
  constructor(base) {
    this.files = new IndexFiles(base);
    /** @type {Layout | undefined} */
    this.layout = undefined;
    this.knowsTraditional = false;
  }

  /**
   * @param {string} text
   * @param {{kind?: string, limit?: number}} [options]
   * @returns {Promise<Answer>}
   */
  async ask(text, { kind = "", limit = 10 } = {}) {
    const meta = await this.files.open();
    const layout = (this.layout ??= new Layout(meta));
    const progress = new Progress();
    /** @type {[string, string][]} */
    const corrected = [];
    let query = readQuery(text, { synonyms: meta.synonyms });
    await this.load(meta, query, progress);
    if (!this.knowsTraditional && this.hasMissingHan(meta, query)) {
      await this.learn(meta, progress);
      query = readQuery(text, { synonyms: meta.synonyms });
      await this.load(meta, query, progress);
    }
    const spelling = await this.spell(meta, query, progress);
    if (spelling.size) {
      for (const [word, known] of spelling) {
        if (!known[0].startsWith(word)) corrected.push([word, known[0]]);
      }
      query = readQuery(text, { synonyms: meta.synonyms, spelling });
      await this.load(meta, query, progress);
    }
    const look = (/** @type {string} */ key) => this.look(meta, key);
    const named = findNames(query, (name) => this.look(meta, name));
    const found = rank(query, layout, look, named);
    const kinds = /** @type {[string, number][]} */ (
      meta.kinds.map(([name], number) => [name, found.filter((one) => layout.kindOf[one.document] === number).length])
    );
    const wanted = meta.kinds.findIndex(([name]) => name === kind);
    const kept = wanted < 0 ? found : found.filter((one) => layout.kindOf[one.document] === wanted);
    const keys = matchedKeys(query, look);
    const results = await Promise.all(
      kept.slice(0, limit).map((one, i) => {
        const more = i < RESULTS_WITH_MORE ? MORE_SECTIONS : 0;
        return this.describe(meta, layout, one, keys, more, progress);
      }),
    );
    return {
      query: text,
      words: query.words.map((word) => spelling.get(word.text)?.[0] ?? word.text).join(" "),
      completion: this.complete(meta, query),
      total: kept.length,
      kinds: kinds.filter(([, count]) => count > 0),
      results,
      corrected,
      nearest: found.length ? [] : nearestTopics(meta, query.name),
      failed: [...progress.failed],
      cut: query.cut,
      waiting: progress.waiting,
    };
  }

  /**
   * 取查询要用的片；取不到的记在 failed 里，其余照常。
   *
   * @param {Meta} meta
   * @param {import("./query.js").Query} query
   * @param {Progress} progress
   */
  async load(meta, query, progress) {
    const keys = query.slots.flatMap((slot) => slot.map(({ key }) => key));
    if (query.fullName) keys.push(query.fullName);
    for (const word of query.words) if (word.kind === "word") keys.push(word.text);
    const numbers = new Set(keys.map((key) => shardOf(meta.shards, key)));
    await this.gather([...numbers].map((number) => this.files.shard(meta, number)), progress);
  }

  /** @param {Meta} meta @param {Progress} progress */
  async learn(meta, progress) {
    await this.gather(
      [
        this.files.traditional(meta).then((pairs) => {
          learnTraditional(pairs);
          this.knowsTraditional = true;
        }),
      ],
      progress,
    );
  }

  /**
   * 站内没有的西文词：最后一个先当作还没打完的词，其余（与没打完也不像的）改正一个字母。
   *
   * @param {Meta} meta
   * @param {import("./query.js").Query} query
   * @param {Progress} progress
   * @returns {Promise<Map<string, string[]>>}
   */
  async spell(meta, query, progress) {
    /** @type {Map<string, string[]>} */
    const spelling = new Map();
    const last = query.words[query.words.length - 1];
    for (const word of query.words) {
      if (word.kind !== "word" || !this.lacks(meta, word.text) || !this.lacks(meta, `${word.text}=`)) continue;
      const expansions = word === last ? this.expand(meta, word.text) : [];
      if (expansions.length) {
        spelling.set(word.text, expansions);
      } else if (word.text.length >= SHORTEST_SPELLING) {
        await this.gather(
          [
            this.files.words(meta).then((known) => {
              const close = suggestSpellings(word.text, known);
              if (close.length) spelling.set(word.text, close);
            }),
          ],
          progress,
        );
      }
    }
    return spelling;
  }

  /** 站内没有这个词；它那一片没到手时不算没有。 @param {Meta} meta @param {string} key */
  lacks(meta, key) {
    return this.files.shards.has(shardOf(meta.shards, key)) && !this.look(meta, key);
  }

  /** @param {Meta} meta @param {string} start @returns {string[]} 以它开头的词，常见的在前 */
  expand(meta, start) {
    if (start.length < SHORTEST_PREFIX) return [];
    const shard = this.files.shards.get(shardOf(meta.shards, start)) ?? {};
    return Object.keys(shard)
      .filter((key) => key.startsWith(start) && !key.endsWith("="))
      .sort((a, b) => shard[b][4] - shard[a][4] || (a < b ? -1 : 1))
      .slice(0, MOST_EXPANSIONS);
  }

  /** @param {Meta} meta @param {string} key */
  look(meta, key) {
    const shard = this.files.shards.get(shardOf(meta.shards, key));
    return shard && Object.hasOwn(shard, key) ? shard[key] : undefined;
  }

  /** @param {Meta} meta @param {import("./query.js").Query} query */
  hasMissingHan(meta, query) {
    return query.slots.some((slot) => /^\p{Script=Han}/u.test(slot[0].key) && this.lacks(meta, slot[0].key));
  }

  /**
   * @param {Meta} meta
   * @param {Layout} layout
   * @param {Found} found
   * @param {Set<string>} keys
   * @param {number} more 最好的那一节之外，至多再列几节
   * @param {Progress} progress
   * @returns {Promise<Result | null>}
   */
  async describe(meta, layout, found, keys, more, progress) {
    const sections = found.sections.length
      ? found.sections.slice(0, 1 + more)
      : [layout.firstSection[found.document]];
    /** @type {(import("./index_files.js").Row | null)[]} */
    const rows = sections.map(() => null);
    await this.gather(
      sections.map((section, i) => this.files.section(meta, section).then((row) => (rows[i] = row))),
      progress,
    );
    const [best, ...others] = rows;
    if (!best) return null;
    const [title, url, , heading, text] = best;
    return {
      kind: meta.kinds[layout.kindOf[found.document]][0],
      url: place(best),
      title: markText(title, keys),
      heading: markText(heading, keys),
      excerpt: excerpt(text, keys),
      more: others.flatMap((row) =>
        row?.[3] && row[1] === url ? [{ url: place(row), heading: markText(row[3], keys) }] : [],
      ),
    };
  }

  /**
   * 等这些文件：取不到的记下，过了时限还没到的也记下，其余照常。
   *
   * @param {Promise<unknown>[]} promises
   * @param {Progress} progress
   */
  async gather(promises, progress) {
    let settled = false;
    const all = Promise.allSettled(promises).then((outcomes) => {
      settled = true;
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") progress.failed.add(reason(outcome.reason));
      }
    });
    let timer = 0;
    const patience = new Promise((resolve) => {
      const wait = Math.max(LEAST_PATIENCE, progress.deadline - Date.now());
      timer = setTimeout(resolve, wait);
    });
    await Promise.race([all, patience]);
    clearTimeout(timer);
    if (!settled) progress.waiting = true;
  }

  /**
   * 把查询补成站内的一个名字（汉字）或一个词（西文）。
   *
   * @param {Meta} meta
   * @param {import("./query.js").Query} query
   */
  complete(meta, query) {
    const last = query.words[query.words.length - 1];
    if (!last) return "";
    if (last.kind === "word") return this.expand(meta, last.text)[0]?.slice(last.text.length) ?? "";
    const name = query.fullName;
    const shard = this.files.shards.get(shardOf(meta.shards, name)) ?? {};
    const longer = Object.keys(shard).filter((key) => key.startsWith(name) && /^\p{Script=Han}{2,8}=$/u.test(key));
    longer.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    return longer[0]?.slice(name.length, -1) ?? "";
  }
}

/** @param {unknown} error */
function reason(error) {
  if (error instanceof IndexFileError) return error.message;
  throw error;
}

/** @param {import("./index_files.js").Row} row */
function place([, url, anchor]) {
  return anchor ? `${url}#${anchor}` : url;
}

/**
 * @param {import("./query.js").Query} query
 * @param {(key: string) => unknown} look
 */
function matchedKeys(query, look) {
  const keys = query.slots.flatMap((slot) => slot.map(({ key }) => key));
  return new Set(keys.filter((key) => look(key)));
}

/**
 * 最接近的考点：与标题、别名共有的字多的在前，都没有就按重要性的次序。
 *
 * @param {Meta} meta
 * @param {string} name
 */
function nearestTopics(meta, name) {
  const chars = new Set(name);
  return meta.topics
    .map(([title, url, aliases], order) => {
      const own = new Set(foldWidth(title).text.toLowerCase() + aliases);
      const shared = [...chars].filter((char) => own.has(char) && !/[a-z0-9]/.test(char)).length;
      return { title, url, shared, order };
    })
    .sort((a, b) => b.shared - a.shared || a.order - b.order)
    .slice(0, 4)
    .map(({ title, url }) => ({ title, url }));
}

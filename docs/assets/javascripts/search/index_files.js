/**
 * 索引的文件：要到哪片取哪片，取过的留着；取不到的下次再取。格式见构建端的 `index.py`。
 *
 * @typedef {object} Meta
 * @property {string} version
 * @property {[string, number][]} kinds 种类与它的文档数；文档按种类排
 * @property {number[]} sections 每份文档的节数
 * @property {number} sectionsPerFile
 * @property {string[]} shards 各片的第一个词
 * @property {Record<string, string>} synonyms
 * @property {[string, string, string][]} topics 考点的标题、地址、别名
 *
 * @typedef {[number[], string, number[], string, number]} Entry 文档差、文档分、节差、节分、含它的节数
 * @typedef {Record<string, Entry>} Shard
 * @typedef {[title: string, url: string, anchor: string, heading: string, text: string]} Row
 */

import { readJson } from "../read_json.js";

const FORMAT = 1;
const TIMEOUT = 15_000;

/** 有一个文件没有取到，或取到的不是索引。 */
export class IndexFileError extends Error {}

export class IndexFiles {
  /** @param {string} base 索引目录的地址，以 / 结尾 */
  constructor(base) {
    this.base = base;
    /** @type {Map<string, Promise<unknown>>} */
    this.files = new Map();
    /** @type {Map<number, Shard>} 已经到手的片 */
    this.shards = new Map();
  }

  /** @returns {Promise<Meta>} */
  async open() {
    const meta = /** @type {Meta & {format: number}} */ (await this.fetch("index.json", isObject));
    if (meta.format !== FORMAT) {
      this.files.delete("index.json");
      throw new IndexFileError("索引的格式与这一页的程序不同：网站刚更新过，请刷新");
    }
    return meta;
  }

  /**
   * @param {Meta} meta
   * @param {number} number
   * @returns {Promise<Shard>}
   */
  async shard(meta, number) {
    const shard = /** @type {Shard} */ (await this.fetch(`${meta.version}/t${number}.json`, isObject));
    this.shards.set(number, shard);
    return shard;
  }

  /**
   * 第 number 节的文字。
   *
   * @param {Meta} meta
   * @param {number} number
   * @returns {Promise<Row>}
   */
  async section(meta, number) {
    const file = Math.floor(number / meta.sectionsPerFile);
    const rows = /** @type {Row[]} */ (await this.fetch(`${meta.version}/s${file}.json`, Array.isArray));
    const row = rows[number % meta.sectionsPerFile];
    if (!row) throw new IndexFileError(`${meta.version}/s${file}.json`);
    return row;
  }

  /** @param {Meta} meta @returns {Promise<string[]>} */
  async words(meta) {
    return String(await this.fetch(`${meta.version}/words.json`, isString)).split(" ");
  }

  /** @param {Meta} meta @returns {Promise<string>} */
  async traditional(meta) {
    return String(await this.fetch(`${meta.version}/traditional.json`, isString));
  }

  /** 等在路上的文件都有结果。 */
  async settle() {
    await Promise.allSettled(this.files.values());
  }

  /**
   * @param {string} name
   * @param {(value: unknown) => boolean} isExpected
   * @returns {Promise<unknown>}
   */
  fetch(name, isExpected) {
    const known = this.files.get(name);
    if (known) return known;
    const file = this.read(name, isExpected);
    this.files.set(name, file);
    file.catch(() => this.files.delete(name));
    return file;
  }

  /** @param {string} name @param {(value: unknown) => boolean} isExpected */
  async read(name, isExpected) {
    try {
      const value = await readJson(this.base + name, { signal: AbortSignal.timeout(TIMEOUT) });
      if (!isExpected(value)) throw new Error("内容不是索引");
      return value;
    } catch (error) {
      throw new IndexFileError(`${name}：${error instanceof Error ? error.message : error}`);
    }
  }
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isString(value) {
  return typeof value === "string";
}

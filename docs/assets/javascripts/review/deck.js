/** 记在本机的卡片：一张一个键 `card.<题目的键>`，每天的新卡数记在 `review`。存不下时留在这一页里。 */
import { listStored, readChecked, writeStored } from "../storage.js";

/** @typedef {import("./schedule.js").CardRecord} CardRecord */

const PREFIX = "card.";
const SETTINGS = "review";
const FIELDS = /** @type {const} */ (["due", "stability", "difficulty", "reps", "lapses", "state", "steps", "days", "last", "first"]);
export const LIMITS = /** @type {const} */ ([0, 200]);
const DEFAULT_LIMIT = 20;

/** 一张卡的样子不对在哪里；对的是空串。 @param {any} record */
export function checkCard(record) {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return "不是一张卡";
  for (const field of FIELDS) if (typeof record[field] !== "number" || !Number.isFinite(record[field]) || record[field] < 0) return `${field} 不是不小于 0 的数`;
  for (const field of /** @type {const} */ (["reps", "lapses", "state", "steps"])) if (!Number.isInteger(record[field])) return `${field} 不是整数`;
  if (record.state > 3) return "state 不在 0 到 3 之间";
  if (record.stability < 0.001 || record.difficulty < 1 || record.difficulty > 10) return "稳定度或难度超出范围";
  return record.due > 8.64e15 || record.last > 8.64e15 ? "日期超出范围" : "";
}

/** @param {any} settings */
export function checkSettings(settings) {
  const [low, high] = LIMITS;
  const limit = settings?.limit;
  return Number.isInteger(limit) && limit >= low && limit <= high ? "" : `limit 应是 ${low} 到 ${high} 的整数`;
}

/** 本机的一叠卡片。 */
export class Deck {
  constructor() {
    /** @type {Map<string, CardRecord>} */
    this.records = new Map();
    /** 给读者的话：读不懂的、不让读的。 @type {Set<string>} */
    this.notes = new Set();
    this.limit = DEFAULT_LIMIT;
    this.reload();
  }

  /** 再读一遍：导入之后，或别的标签页改过。存不下、只在这一页里的不丢。 */
  reload() {
    const { keys, note } = listStored();
    if (note) this.notes.add(note);
    for (const key of keys.filter((one) => one.startsWith(PREFIX))) {
      const { value, note: fault } = readChecked(key, checkCard);
      const name = key.slice(PREFIX.length);
      const mine = this.records.get(name);
      if (fault) this.notes.add(fault);
      else if (value && (!mine || value.last >= mine.last)) this.records.set(name, value);
    }
    const { value, note: fault } = readChecked(SETTINGS, checkSettings);
    if (fault) this.notes.add(fault);
    if (value) this.limit = value.limit;
  }

  /** @param {string} key */
  get(key) {
    return this.records.get(key) ?? null;
  }

  /** 记下一张；null 是没有学过。返回没有存成的原因。 @param {string} key @param {CardRecord | null} record */
  set(key, record) {
    if (record) this.records.set(key, record);
    else this.records.delete(key);
    return writeStored(PREFIX + key, record);
  }

  /** @param {number} limit */
  setLimit(limit) {
    this.limit = limit;
    return writeStored(SETTINGS, { limit });
  }

  /** 题库里已经没有的。 @param {import("./bank.js").Bank} bank */
  orphans(bank) {
    const known = new Set(bank.cards.map((card) => card.key));
    return [...this.records.keys()].filter((key) => !known.has(key)).sort();
  }
}

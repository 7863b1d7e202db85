/** 一道手写题记在本机的东西：草稿、做到哪一步、待复习、用时。 */
import { readChecked, writeStored } from "../storage.js";

/**
 * @typedef {object} PracticeRecord
 * @property {string} [text] 草稿；没有动过起始代码时没有
 * @property {boolean} [passed] 提交通过过
 * @property {boolean} [tried] 提交过
 * @property {boolean} [seen] 看过参考答案
 * @property {boolean} [review] 标了待复习
 * @property {number} [started] 计时从何时起（毫秒）；没有在计时就没有
 * @property {number} [seconds] 计时通过用了几秒
 * @property {number} [at] 最后一次改动（毫秒）；先前记下的没有
 */

const PREFIX = "practice.";

const TYPES = /** @type {Record<string, string>} */ ({ text: "string", passed: "boolean", tried: "boolean", seen: "boolean", review: "boolean", started: "number", seconds: "number", at: "number" });

/** @param {string} key @returns {PracticeRecord} */
export function readRecord(key) {
  return readChecked(PREFIX + key, checkRecord).value ?? {};
}

/** @param {string} key @param {PracticeRecord} record @returns 没有存成的原因 */
export function writeRecord(key, record) {
  const { at, ...rest } = record;
  return writeStored(PREFIX + key, Object.keys(rest).length ? { ...rest, at: Date.now() } : null);
}

/** 一份记录的样子不对在哪里；对的是空串。 @param {any} record */
export function checkRecord(record) {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return "不是一份记录";
  for (const [name, type] of Object.entries(TYPES)) if (record[name] !== undefined && typeof record[name] !== type) return `${name} 的类型不对`;
  return "";
}

/**
 * 合并两份：草稿与标记取新的，通过过、看过答案的不会变回没有；说不出新旧时不动自己的草稿。
 * @param {PracticeRecord} mine @param {PracticeRecord} theirs @returns {PracticeRecord}
 */
export function mergeRecords(mine, theirs) {
  const [my, their] = [mine.at ?? 0, theirs.at ?? 0];
  /** @type {PracticeRecord} */
  const merged = their > my ? { ...theirs } : my > their ? { ...mine } : { ...theirs, ...mine };
  for (const name of /** @type {const} */ (["passed", "tried", "seen"])) if (mine[name] || theirs[name]) merged[name] = true;
  return merged;
}

/** 一句话说做到哪一步；没有动过是空串。 @param {PracticeRecord} record */
export function describeRecord(record) {
  const parts = [];
  if (record.passed) parts.push(record.seen ? "✓ 通过（看过答案）" : "✓ 通过");
  else if (record.tried) parts.push("还没通过");
  else if (record.text !== undefined) parts.push("写了一半");
  if (record.review) parts.push("待复习");
  return parts.join(" · ");
}

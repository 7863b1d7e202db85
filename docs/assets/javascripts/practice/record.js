/** 一道手写题记在本机的东西：草稿、做到哪一步、待复习、用时。 */
import { readStored, writeStored } from "../storage.js";

/**
 * @typedef {object} PracticeRecord
 * @property {string} [text] 草稿；没有动过起始代码时没有
 * @property {boolean} [passed] 提交通过过
 * @property {boolean} [tried] 提交过
 * @property {boolean} [seen] 看过参考答案
 * @property {boolean} [review] 标了待复习
 * @property {number} [started] 计时从何时起（毫秒）；没有在计时就没有
 * @property {number} [seconds] 计时通过用了几秒
 */

const PREFIX = "practice.";

/** @param {string} key @returns {PracticeRecord} */
export function readRecord(key) {
  const stored = readStored(PREFIX + key);
  return stored && typeof stored === "object" && !Array.isArray(stored) ? stored : {};
}

/** @param {string} key @param {PracticeRecord} record @returns 没有存成的原因 */
export function writeRecord(key, record) {
  return writeStored(PREFIX + key, Object.keys(record).length ? record : null);
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

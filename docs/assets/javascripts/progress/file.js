/**
 * 一份进度文件：本机记着的全部，一个版本号，读入时先查再并。纯函数，不碰存储与页面。
 *
 * 每一类键有自己的查法与并法：都有时刻的取新的，说不出新旧的不动本机的。
 */
import { checkPlan, mergePlans } from "../plan/choice.js";
import { checkRecord, mergeRecords } from "../practice/record.js";
import { checkCard, checkSettings } from "../review/deck.js";

const KIND = "mianjing-progress";
const VERSION = 1;
/** 先前只导出手写题的文件。 */
const PRACTICE_KIND = "mianjing-practice";
const PRACTICE_VERSION = 1;

/** @typedef {{name: string, prefix: string, unit: string, check: (value: any) => string, merge: (mine: any, theirs: any) => any}} Kind */

const keepMine = (/** @type {any} */ mine) => mine;
const isObject = (/** @type {any} */ value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? "" : "不是一份草稿");
/** 一本推导的改动：格号 → {of, text}，见 cells/notebook.js 的 Draft。 */
const isDrafts = (/** @type {any} */ value) =>
  isObject(value) || (Object.values(value).every((draft) => !isObject(draft) && typeof draft.of === "string" && typeof draft.text === "string") ? "" : "改动不是 of 与 text 两段文字");

/** 键以 prefix 开头（以点结尾的）或就是 prefix。 @type {Kind[]} */
export const KINDS = [
  { name: "手写题", prefix: "practice.", unit: "题", check: checkRecord, merge: mergeRecords },
  { name: "复习卡片", prefix: "card.", unit: "张", check: checkCard, merge: (mine, theirs) => (theirs.last > mine.last ? theirs : mine) },
  { name: "复习的设置", prefix: "review", unit: "份", check: checkSettings, merge: keepMine },
  { name: "计划", prefix: "plan", unit: "份", check: checkPlan, merge: mergePlans },
  { name: "推导里改过的代码", prefix: "cells.", unit: "本", check: isDrafts, merge: (mine, theirs) => ({ ...theirs, ...mine }) },
  { name: "面经草稿", prefix: "experience-draft", unit: "份", check: isObject, merge: keepMine },
];

/** @param {string} key */
export function kindOf(key) {
  return KINDS.find(({ prefix }) => (prefix.endsWith(".") ? key.startsWith(prefix) && key.length > prefix.length : key === prefix));
}

/** 各类几份，写给读者：「手写题 3 题、复习卡片 12 张」；一份也没有是空串。 @param {Iterable<string>} keys */
export function countKinds(keys) {
  const kinds = [...keys].map(kindOf);
  return KINDS.flatMap((kind) => {
    const count = kinds.filter((one) => one === kind).length;
    return count ? [`${kind.name} ${count} ${kind.unit}`] : [];
  }).join("、");
}

/** @param {Record<string, unknown>} items @param {number} now */
export function writeFile(items, now) {
  return JSON.stringify({ kind: KIND, version: VERSION, at: new Date(now).toISOString(), items }, null, 1);
}

/** 读一份文件：各键的内容，或不能导入的原因。 @param {string} text @returns {{items: Record<string, any>, reason: string}} */
export function readFile(text) {
  const refuse = (/** @type {string} */ reason) => ({ items: {}, reason });
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return refuse("不是 JSON 文件");
  }
  const old = data?.kind === PRACTICE_KIND;
  if (!old && data?.kind !== KIND) return refuse("不是从这里导出的进度文件");
  const known = old ? PRACTICE_VERSION : VERSION;
  if (data.version !== known) return refuse(`版本 ${data.version} 不认识，只认识 ${known}：可能来自更新的站，刷新再试`);
  if (!data.items || typeof data.items !== "object" || Array.isArray(data.items)) return refuse("文件里没有 items");
  /** @type {Record<string, any>} */
  const items = {};
  for (const [name, value] of Object.entries(data.items)) {
    const key = old ? `practice.${name}` : name;
    const kind = kindOf(key);
    if (!kind) return refuse(`不认识「${name}」这一项`);
    const fault = kind.check(value);
    if (fault) return refuse(`「${name}」的内容不对：${fault}`);
    items[key] = value;
  }
  return { items, reason: "" };
}

/**
 * 并进来：只列出变了的键。
 * @param {Record<string, any>} mine @param {Record<string, any>} theirs @returns {Record<string, any>}
 */
export function mergeItems(mine, theirs) {
  /** @type {Record<string, any>} */
  const changed = {};
  for (const [key, value] of Object.entries(theirs)) {
    const merged = Object.hasOwn(mine, key) ? kindOf(key)?.merge(mine[key], value) : value;
    if (!Object.hasOwn(mine, key) || JSON.stringify(merged) !== JSON.stringify(mine[key])) changed[key] = merged;
  }
  return changed;
}

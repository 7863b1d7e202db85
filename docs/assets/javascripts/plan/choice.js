/** 读者的选择：写进网址、记在本机。网址里不认识的略过并说明。 */
import { readChecked, writeStored } from "../storage.js";

/** @typedef {import("./schedule.js").Choice} Choice */
/** @typedef {import("./schedule.js").PlanData} PlanData */
/** @typedef {{version: 1, choice: Choice | null, at: number, done: Record<string, [number, 0 | 1]>}} Kept done 是项的 id → [何时, 做完没有] */

const KEY = "plan";
const DAYS = /** @type {const} */ ([1, 30]);
export const DEFAULT_DAYS = 7;

/** 网址 → 选择；没有写是 null。 @param {PlanData} data @param {URLSearchParams} query @returns {{choice: Choice | null, notes: string[]}} */
export function readQuery(data, query) {
  if (!["c", "k", "d"].some((name) => query.has(name))) return { choice: null, notes: [] };
  /** @type {string[]} */
  const notes = [];
  const pick = (/** @type {string} */ name, /** @type {string} */ what, /** @type {string[]} */ known) => {
    const written = [...new Set((query.get(name) ?? "").split(",").filter(Boolean))];
    for (const key of written) if (!known.includes(key)) notes.push(`网址里的${what}「${key}」不认识，略过了`);
    return known.filter((key) => written.includes(key));
  };
  const companies = pick("c", "公司", data.companies.map((company) => company.key));
  const kinds = pick("k", "公司类型", data.kinds.map(([key]) => key));
  const text = query.get("d") ?? String(DEFAULT_DAYS);
  const [low, high] = DAYS;
  const right = /^\d{1,3}$/.test(text) && Number(text) >= low && Number(text) <= high;
  if (!right) notes.push(`网址里的天数「${text}」应是 ${low} 到 ${high} 的整数，用了 ${DEFAULT_DAYS}`);
  return { choice: { companies, kinds, days: right ? Number(text) : DEFAULT_DAYS }, notes };
}

/** 选择 → 网址里的查询串，空的不写。 @param {Choice} choice */
export function writeQuery({ companies, kinds, days }) {
  const parts = [companies.length ? `c=${companies.join(",")}` : "", kinds.length ? `k=${kinds.join(",")}` : "", `d=${days}`];
  return `?${parts.filter(Boolean).join("&")}`;
}

/** @param {PlanData} data @param {Choice} choice */
export function describeChoice(data, choice) {
  const names = data.companies.filter((company) => choice.companies.includes(company.key)).map((company) => company.name);
  const kinds = data.kinds.filter(([key]) => choice.kinds.includes(key)).map(([, label]) => `全部${label}`);
  return `${[...names, ...kinds].join("、") || "没有选公司"}，${choice.days} 天`;
}

/** 一份计划的样子不对在哪里；对的是空串。 @param {any} kept */
export function checkPlan(kept) {
  if (!isObject(kept)) return "不是一份计划";
  if (kept.version !== 1) return `版本是 ${kept.version}，只认识 1`;
  if (!Number.isFinite(kept.at)) return "at 不是数";
  if (!isObject(kept.done) || !Object.values(kept.done).every(isTick)) return "done 不对";
  if (kept.choice === null) return "";
  if (!isObject(kept.choice)) return "choice 不对";
  for (const field of ["companies", "kinds"]) {
    const keys = kept.choice[field];
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string")) return `choice.${field} 不是文字的列表`;
  }
  const { days } = kept.choice;
  return Number.isInteger(days) && days >= DAYS[0] && days <= DAYS[1] ? "" : "choice.days 应是 1 到 30 的整数";
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} tick */
function isTick(tick) {
  return Array.isArray(tick) && tick.length === 2 && Number.isFinite(tick[0]) && (tick[1] === 0 || tick[1] === 1);
}

/** 本机的那一份；note 是读不懂时的话。 @returns {{kept: Kept, note: string}} */
export function readPlan() {
  const { value, note } = readChecked(KEY, checkPlan);
  return { kept: value ?? { version: 1, choice: null, at: 0, done: {} }, note };
}

/** @param {Kept} kept @returns 没有存成的原因 */
export function writePlan(kept) {
  return writeStored(KEY, kept);
}

/** 合并两份：选择取新的，每个勾各取新的。 @param {Kept} mine @param {Kept} theirs @returns {Kept} */
export function mergePlans(mine, theirs) {
  const newer = theirs.choice && (!mine.choice || theirs.at > mine.at) ? theirs : mine;
  const done = { ...mine.done };
  for (const [id, tick] of Object.entries(theirs.done)) {
    if (!Object.hasOwn(done, id) || tick[0] > done[id][0]) done[id] = tick;
  }
  return { version: 1, choice: newer.choice, at: newer.at, done };
}

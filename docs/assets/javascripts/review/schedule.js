/** 排期：一张卡的状态与 ts-fsrs 之间的翻译，与「今天该看哪张」。不碰存储与页面。 */
import { createEmptyCard, fsrs, State } from "ts-fsrs";

/**
 * @typedef {object} CardRecord
 * @property {number} due 下次何时（毫秒）
 * @property {number} stability
 * @property {number} difficulty
 * @property {number} reps 看过几次
 * @property {number} lapses 忘过几次
 * @property {number} state 0 新，1 在学，2 复习，3 重学
 * @property {number} steps 在学的第几步
 * @property {number} days 上次排的间隔（天）
 * @property {number} last 上次何时
 * @property {number} first 第一次何时
 */
/** @typedef {1 | 2 | 3 | 4} Rating */

export const RATINGS = /** @type {[Rating, string][]} */ ([[1, "重来"], [2, "困难"], [3, "良好"], [4, "容易"]]);
const SCHEDULER = fsrs({ maximum_interval: 365 });
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** @param {CardRecord | null} record @param {number} now */
function toCard(record, now) {
  if (!record) return createEmptyCard(new Date(now));
  return {
    due: new Date(record.due),
    stability: record.stability,
    difficulty: record.difficulty,
    elapsed_days: 0,
    scheduled_days: record.days,
    learning_steps: record.steps,
    reps: record.reps,
    lapses: record.lapses,
    state: record.state,
    last_review: new Date(record.last),
  };
}

/**
 * 打一次分之后的状态。
 * @param {CardRecord | null} record @param {Rating} rating @param {number} now
 * @param {import("ts-fsrs").FSRS} scheduler
 * @returns {CardRecord}
 */
export function rate(record, rating, now, scheduler = SCHEDULER) {
  const { card } = scheduler.next(toCard(record, now), new Date(now), rating);
  return {
    due: card.due.getTime(),
    stability: card.stability,
    difficulty: card.difficulty,
    reps: card.reps,
    lapses: card.lapses,
    state: card.state,
    steps: card.learning_steps,
    days: card.scheduled_days,
    last: now,
    first: record?.first ?? now,
  };
}

/** 到期的时刻：按天排的从那天零点算起。 @param {CardRecord} record */
export function dueTime(record) {
  return record.state === State.Review ? new Date(record.due).setHours(0, 0, 0, 0) : record.due;
}

/** @param {number} span 毫秒 */
export function describeSpan(span) {
  if (span < 60 * MINUTE) return `${Math.max(1, Math.round(span / MINUTE))} 分钟`;
  return span < DAY ? `${Math.round(span / MINUTE / 60)} 小时` : `${Math.round(span / DAY)} 天`;
}

/**
 * @typedef {object} Queue
 * @property {number[]} due 到期的，先到的在前
 * @property {number[]} fresh 今天还可以学的新卡
 * @property {number} unseen 没有学过的共几张
 * @property {number} seen 学过的共几张
 * @property {number} next 下一张何时到期；没有是 Infinity
 */
/**
 * 今天该看的。新卡的额度是全题库的，不随筛选变。
 * @param {number[]} selected 卡片的序号，已经排好
 * @param {(number: number) => CardRecord | null} recordOf
 * @param {Iterable<CardRecord>} every 全部卡片的状态
 * @param {number} limit 每天的新卡数
 * @param {number} now
 * @returns {Queue}
 */
export function makeQueue(selected, recordOf, every, limit, now) {
  const today = new Date(now).setHours(0, 0, 0, 0);
  let started = 0;
  for (const record of every) started += Number(record.first >= today && record.first <= now);
  const unseen = selected.filter((number) => !recordOf(number));
  const seen = selected.flatMap((number) => {
    const record = recordOf(number);
    return record ? [{ number, time: dueTime(record), exact: record.due }] : [];
  });
  const due = seen.filter(({ time }) => time <= now).sort((a, b) => a.exact - b.exact || a.number - b.number);
  return {
    due: due.map(({ number }) => number),
    fresh: unseen.slice(0, Math.max(0, limit - started)),
    unseen: unseen.length,
    seen: seen.length,
    next: Math.min(Infinity, ...seen.filter(({ time }) => time > now).map(({ time }) => time)),
  };
}

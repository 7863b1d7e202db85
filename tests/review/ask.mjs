// 在 Node 里问复习的排期与抽题：node ask.mjs 任务 < 输入.json > 答案.json
import { readFileSync } from "node:fs";
import { fsrs } from "ts-fsrs";

const scripts = new URL("../../docs/assets/javascripts/", import.meta.url);
const load = (name) => import(new URL(name, scripts));
const { rate, describeSpan, makeQueue } = await load("review/schedule.js");
const { drawCards } = await load("review/draw.js");
const { checkCard } = await load("review/deck.js");
const { mergeItems, readFile } = await load("progress/file.js");

const { idOf, makePlan, readData } = await load("plan/schedule.js");

const DAY = 86_400_000;
const TASKS = {
  /** 每次都等到到期才打分；各次排的天数。whole 是库的默认值，不设本站的上限。 */
  intervals: ({ start, ratings, whole }) => walk(start, ratings, (record) => record.due, whole ? fsrs() : undefined).map((record) => record.days),
  /** 隔 gaps 天打分；最后的状态。 */
  memory: ({ start, ratings, gaps }) => walk(start, ratings, (record, at) => record.last + gaps[at] * DAY).at(-1),
  first: ({ start }) => [1, 2, 3, 4].map((rating) => rate(null, rating, start)),
  span: (spans) => spans.map(describeSpan),
  queue: ({ selected, records, limit, now }) => makeQueue(selected, (number) => records[number] ?? null, Object.values(records), limit, now),
  draw: ({ bank, company, count, tickets }) => drawCards(bank, company, count, () => tickets.shift()),
  check: (records) => records.map(checkCard),
  merge: ({ mine, theirs }) => mergeItems(mine, theirs),
  plan: ({ data, choices }) => {
    const read = readData(data);
    return choices.map((choice) => {
      const { days, silent, left, stated } = makePlan(read, choice);
      const row = ({ item, score, reasons }) => [idOf(read.items[item]), score, reasons.map(({ text, href }) => [text, href])];
      return { days: days.map((day) => day.map(row)), silent, left, stated: stated.map(({ key }) => key) };
    });
  },
  file: (texts) => texts.map(readFile),
};

function walk(start, ratings, nextTime, scheduler) {
  const records = [];
  for (const [at, rating] of ratings.entries()) {
    const before = records.at(-1) ?? null;
    const record = rate(before, rating, before ? nextTime(before, at) : start, scheduler);
    records.push(JSON.parse(JSON.stringify(record)));
  }
  return records;
}

const task = TASKS[process.argv[2]];
process.stdout.write(JSON.stringify(task(JSON.parse(readFileSync(0, "utf8")))));

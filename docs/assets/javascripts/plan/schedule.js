/** 排计划：分由 `hooks/mianjing/plan.py` 写好，这里只做加法、排序与切分，步骤与 make_plan 相同。 */

export const KINDS = /** @type {const} */ (["topic", "derivation", "exercise", "question"]);

/** @typedef {{kind: typeof KINDS[number], key: string, title: string, level: string, topic: number, href: string, base: number, reasons: number[]}} Item */
/** @typedef {{key: string, company: number, weights: Map<number, [number, number]>}} PlanRecord weights 是项 → [分, 理由] */
/** @typedef {{key: string, name: string, kind: string}} Company */
/** @typedef {{text: string, href: string}} Reason href 相对站点根，没有是空串 */
/**
 * @typedef {object} PlanData
 * @property {[number, number]} days 天数的范围
 * @property {number} dayLoad
 * @property {number[]} loads 按 KINDS 的次序
 * @property {number} maxReasons
 * @property {[string, string][]} kinds 公司类型：键与叫法
 * @property {Company[]} companies
 * @property {[string, string][]} topics
 * @property {Item[]} items
 * @property {PlanRecord[]} records
 * @property {Reason[]} reasons
 */
/** @typedef {{companies: string[], kinds: string[], days: number}} Choice */
/** @typedef {{item: number, score: number, reasons: Reason[]}} Entry */
/** @typedef {{days: Entry[][], stated: PlanRecord[], silent: string[], left: number}} Plan */

const VERSION = 1;

/** @param {any} raw `dump_plan` 写出的 @returns {PlanData} */
export function readData(raw) {
  if (raw?.version !== VERSION) throw new Error(`计划的数据版本是 ${raw?.version}，这一页只认识 ${VERSION}：刷新再试`);
  return {
    ...raw,
    companies: raw.companies.map((/** @type {any} */ [key, name, kind]) => ({ key, name, kind })),
    items: raw.items.map((/** @type {any} */ [kind, key, title, level, topic, href, base, reasons]) => ({ kind: KINDS[kind], key, title, level, topic, href, base, reasons })),
    records: raw.records.map((/** @type {any} */ [key, company, weights]) => ({
      key,
      company,
      weights: new Map(weights.map((/** @type {any} */ [item, weight, reason]) => [item, [weight, reason]])),
    })),
    reasons: raw.reasons.map((/** @type {any} */ [text, href]) => ({ text, href })),
  };
}

/** 一项的 id，改版之后也不变。 @param {Item} item */
export function idOf(item) {
  return `${item.kind}/${item.key}`;
}

/** @param {PlanData} data @param {Choice} choice @returns {Plan} */
export function makePlan(data, { companies, kinds, days }) {
  const everything = !companies.length && !kinds.length;
  const chosen = data.records.filter(({ company }) => {
    const { key, kind } = data.companies[company];
    return everything || companies.includes(key) || kinds.includes(kind);
  });
  const scores = data.items.map(({ base }, item) => chosen.reduce((sum, { weights }) => sum + (weights.get(item)?.[0] ?? 0), base));
  const load = (/** @type {number} */ item) => data.loads[KINDS.indexOf(data.items[item].kind)];
  const order = [...scores.keys()].filter((item) => scores[item] > 0).sort((a, b) => scores[b] - scores[a] || a - b);
  let room = days * data.dayLoad;
  /** @type {number[]} */
  const picked = [];
  for (const item of order) {
    if (load(item) > room) break;
    room -= load(item);
    picked.push(item);
  }
  /** @type {Map<number, number>} */
  const best = new Map();
  for (const item of picked) best.set(data.items[item].topic, Math.max(best.get(data.items[item].topic) ?? 0, scores[item]));
  const rank = (/** @type {number} */ item) => best.get(data.items[item].topic) ?? 0;
  picked.sort(
    (a, b) =>
      rank(b) - rank(a) ||
      data.items[a].topic - data.items[b].topic ||
      KINDS.indexOf(data.items[a].kind) - KINDS.indexOf(data.items[b].kind) ||
      scores[b] - scores[a] ||
      a - b,
  );
  const total = picked.reduce((sum, item) => sum + load(item), 0);
  /** @type {Entry[][]} */
  const planned = Array.from({ length: days }, () => []);
  let before = 0;
  for (const item of picked) {
    planned[Math.floor((before * days) / total)].push({ item, score: scores[item], reasons: explain(data, item, chosen) });
    before += load(item);
  }
  const stated = chosen.filter(({ weights }) => weights.size);
  const speaking = new Set(stated.map(({ company }) => data.companies[company].key));
  return { days: planned, stated, silent: companies.filter((key) => !speaking.has(key)), left: order.length - picked.length };
}

/** @param {PlanData} data @param {number} item @param {PlanRecord[]} chosen @returns {Reason[]} */
function explain(data, item, chosen) {
  const found = chosen.flatMap(({ weights }) => {
    const weight = weights.get(item);
    return weight ? [data.reasons[weight[1]]] : [];
  });
  const more = found.length - data.maxReasons;
  return [
    ...found.slice(0, data.maxReasons),
    ...(more > 0 ? [{ text: `另有 ${more} 篇`, href: "" }] : []),
    ...data.items[item].reasons.map((number) => data.reasons[number]),
  ];
}

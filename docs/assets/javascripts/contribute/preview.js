/** 预览：与构建出来的面经页（facts.html、rounds.html 与正文）同样的字，测试拿两边比对。 */
import { UNKNOWN, isMonth, nameAnchor, readSections } from "./record.js";
import { readCount } from "./rules.js";

/** @typedef {import("./record.js").Draft} Draft */
/** @typedef {import("./record.js").Rules} Rules */
/** @typedef {import("./record.js").RoundDraft} RoundDraft */

const NUMERALS = "零一二三四五六七八九十";

/** @param {string} tag @param {string} name @param {...(Node | string)} children */
function make(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

/** @param {string} anchor @param {string} text */
function link(anchor, text) {
  const made = /** @type {HTMLAnchorElement} */ (make("a", "", text));
  made.href = `#${anchor}`;
  return made;
}

/** 没有写、写了 unknown 的都是空。 @param {string} value */
function known(value) {
  return value === UNKNOWN ? "" : value;
}

/** 补全过的草稿 → 一页。 @param {Draft} draft @param {Rules} rules */
export function renderPreview(draft, rules) {
  const page = document.createDocumentFragment();
  page.append(make("h1", "", draft.title), renderFacts(draft, rules));
  if (draft.rounds.length) page.append(renderRounds(draft, rules));
  page.append(make("h2", "", "经过"));
  for (const { name, paragraphs } of readSections(draft)) {
    if (name === "review" && paragraphs.length) page.append(make("h2", "", "作者的评价"));
    for (const [i, paragraph] of paragraphs.entries()) {
      const made = make("p", "", paragraph);
      made.id = nameAnchor(name, paragraphs.length, String(i + 1));
      page.append(made);
    }
  }
  return page;
}

/** @param {Draft} draft @param {Rules} rules */
function renderFacts(draft, rules) {
  const { words } = rules;
  const facts = make("dl", "mj-facts");
  const add = (/** @type {string} */ term, /** @type {(Node | string)[]} */ content, wide = false) => facts.append(make("div", wide ? "mj-wide" : "", make("dt", "", term), make("dd", "", ...content)));
  const sections = readSections(draft);
  const anchor = (/** @type {string} */ name, /** @type {string} */ number) => nameAnchor(name, sections.find((one) => one.name === name)?.paragraphs.length ?? 0, number);
  const kind = draft.company_name ? draft.company_kind : rules.company_kinds[draft.company] ?? UNKNOWN;
  const name = draft.company_name || rules.companies[draft.company] || "（还没有填）";
  add("公司", [known(kind) ? `${name}（${words.company_kinds[kind]}）` : name]);
  if (known(draft.team)) add("团队", [draft.team]);
  add("结果", [make("span", `mj-outcome mj-outcome--${draft.outcome}`, words.outcomes[draft.outcome])]);
  add("最远到", [words.stages[draft.stage_reached]]);
  add("轮数", [labelCount(readCount(draft.round_min, rules), readCount(draft.round_max, rules))]);
  add("时间", [labelPeriod(draft, rules)]);
  add("岗位", [known(draft.role) || "未提及"]);
  add("渠道", [words.channels[draft.channel]]);
  for (const need of draft.requirements) add(`门槛（${words.requirement_kinds[need.kind]}）`, [link(anchor("before", need.paragraph), need.value)], true);
  const absent = [
    ...draft.not_asked.map((item) => ({ item, name: "after" })),
    ...draft.rounds.flatMap((one, i) => one.not_asked.map((item) => ({ item, name: `round-${i + 1}` }))),
  ];
  for (const { item, name: section } of absent) {
    const topic = known(item.topic) ? ` ${rules.topics[item.topic] ?? item.topic}` : "";
    const shown = link(anchor(section, item.paragraph), `${item.form ? words.forms[item.form] : ""}${topic}`);
    add("明说没有", item.detail ? [shown, `（原文的说法：${item.detail}）`] : [shown], true);
  }
  if (draft.pay_kind) add(`薪资（${words.pay_kinds[draft.pay_kind]}）`, [draft.pay], true);
  if (known(draft.reason)) add("原因", [draft.reason], true);
  if (known(draft.impression)) add("作者印象", [draft.impression], true);
  return facts;
}

/** @param {number | null} low @param {number | null} high */
function labelCount(low, high) {
  if (low === null && high === null) return "未提及";
  if (high === null) return `至少 ${low} 轮`;
  if (low === null) return `至多 ${high} 轮`;
  if (low === high) return low ? `${low} 轮` : "没有进入面试轮次";
  return `${low}～${high} 轮`;
}

/** @param {Draft} draft @param {Rules} rules */
function labelPeriod(draft, rules) {
  const [start, end] = [draft.start, draft.end].map((month) => (isMonth(month, rules) ? month : ""));
  if (!start && !end) return "未提及";
  const span = start === end ? start : `${start || "未提及"} 至 ${end || "未提及"}`;
  return `${span}（${rules.words.precisions[draft.precision]}）`;
}

/** 一轮的称呼：名称优先，其次「一面」「一至二面」。 @param {RoundDraft} one */
function labelRound(one) {
  if (known(one.name)) return one.name;
  if (!known(one.index) || !/^[0-9]+(-[0-9]+)?$/.test(one.index)) return "某一轮";
  return `${one.index.split("-").map((part) => NUMERALS[Number(part)] ?? part).join("至")}面`;
}

/** @param {Draft} draft @param {Rules} rules */
function renderRounds(draft, rules) {
  const { words } = rules;
  const list = make("ol", "mj-rounds");
  const sections = readSections(draft);
  for (const [i, one] of draft.rounds.entries()) {
    const head = make("p", "mj-round", make("strong", "", labelRound(one)));
    if (known(one.kind) && words.round_kinds[one.kind] !== one.name) head.append(" ", make("span", "", words.round_kinds[one.kind]));
    if (known(one.interviewer_role)) head.append(" ", make("span", "", `面试官：${one.interviewer_role}`));
    if (known(one.minutes)) head.append(" ", make("span", "", one.minutes.endsWith("+") ? `${one.minutes.slice(0, -1)} 分钟以上` : `${one.minutes} 分钟`));
    const item = make("li", "", head);
    const asked = make("ul", "");
    for (const told of one.asked) {
      const row = make("li", "");
      const topic = known(told.topic);
      row.append(topic ? make("span", "mj-topic", rules.topics[topic] ?? topic) : make("span", "mj-unknown", "考点未提及"), " ");
      if (known(told.form)) row.append(make("span", "mj-form", words.forms[told.form]), " ");
      row.append(link(nameAnchor(`round-${i + 1}`, sections[i + 1].paragraphs.length, told.paragraph), told.detail || "见正文"));
      if (known(told.answered)) row.append(" ", make("span", "mj-answer", words.answers[told.answered]));
      asked.append(row);
    }
    item.append(one.asked.length ? asked : make("p", "mj-unknown", "问了什么：未提及"));
    if (known(one.notes)) item.append(make("p", "", one.notes));
    list.append(item);
  }
  return list;
}

/**
 * 草稿的检查：与 `contribution.py` 的 check_draft 报同样的问题、说同样的话，测试拿随机的草稿比对。
 *
 * @typedef {import("./record.js").Draft} Draft
 * @typedef {import("./record.js").Rules} Rules
 * @typedef {{code: string, field: string, message: string, at: string}} Problem
 *   at 是表单里的一格，如 `rounds.0.asked.1.topic`
 */
import { suggest } from "./closest.js";
import { say } from "./messages.js";
import { matches } from "./patterns.js";
import { UNKNOWN, fileYear, isMonth, lookUp, nameAnchor, nameFile, readSections, showPoint, writeCompany, writeLines, writtenCompany } from "./record.js";
import { checkCompanyText, checkRecordText } from "./texts.js";

/**
 * 补全过的草稿有哪些问题。
 * @param {Draft} draft
 * @param {Rules} rules
 * @param {string} thisMonth `YYYY-MM`
 * @returns {Problem[]}
 */
export function checkDraft(draft, rules, thisMonth) {
  /** @type {Problem[]} */
  const problems = [];
  /** @param {string} at @param {string} field @param {string} code @param {string} name @param {Record<string, unknown>} [values] */
  const report = (at, field, code, name, values = {}) => {
    const message = say(rules, name, values);
    const known = problems.some((one) => one.at === at && one.code === code && one.field === field && one.message === message);
    if (!known) problems.push({ code, field, message, at });
  };
  checkCompany(draft, rules, report);
  const lines = writeLines(draft, rules);
  const size = new TextEncoder().encode(lines.map(({ text }) => `${text}\n`).join("")).length;
  if (size > rules.max_bytes) {
    report("after", "", "E001", "too_big", { size, limit: rules.max_bytes });
    return problems;
  }
  const control = new RegExp(rules.patterns.control, "u");
  const spoiled = lines.filter(({ text }) => control.test(text));
  for (const { text, from } of spoiled) {
    const found = text.search(control);
    report(from[0][0], "", "E002", "control_line", { point: showPoint(text.slice(found)), column: [...text.slice(0, found)].length + 1 });
  }
  checkRecordText(draft, lines, !spoiled.length, rules, report);
  if (spoiled.length) return problems;
  for (const [at, field, value] of listTexts(draft)) checkText(at, field, value, rules, report);
  checkFields(draft, rules, report);
  checkPeriod(draft, rules, thisMonth, report);
  checkRounds(draft, rules, report);
  checkMentions(draft, rules, report);
  checkAnchors(draft, rules, problems);
  if (!fileYear(draft)) {
    const shape = `${writtenCompany(draft, rules) || "公司"}-年份.md`;
    report("year", "", "E301", "file_shape", { name: `${nameFile(draft, rules)}.md`, shape });
  }
  return problems;
}

/** @typedef {(at: string, field: string, code: string, name: string, values?: Record<string, unknown>) => void} Report */

/** 公司表里新的一段。 @param {Draft} draft @param {Rules} rules @param {Report} report */
function checkCompany(draft, rules, report) {
  const { company, company_name: name } = draft;
  if (name && company && !matches(rules.patterns.key, company)) report("company_key", company, "E105", "key", { key: company });
  const entry = writeCompany(draft, rules);
  if (!entry) return;
  checkCompanyText(entry, draft, rules, report);
  checkText("company", `${company}.name`, name, rules, report);
  checkTitle("company", `${company}.name`, name, rules, report);
}

/** 字段里只写文本。 @param {string} at @param {string} field @param {string} value @param {Rules} rules @param {Report} report */
function checkText(at, field, value, rules, report) {
  const markup = value.match(new RegExp(rules.patterns.markup, "u"));
  if (markup) report(at, field, "E010", "markup", { value: [...value].slice(0, 40).join(""), found: markup[0] });
  const control = value.match(new RegExp(rules.patterns.control, "u"));
  if (control) report(at, field, "E002", "control_field", { point: showPoint(control[0]) });
}

/** 标题与名称里没有引号与尖括号。 @param {string} at @param {string} field @param {string} value @param {Rules} rules @param {Report} report */
function checkTitle(at, field, value, rules, report) {
  const found = value.match(new RegExp(rules.patterns.quote, "u"));
  if (found) report(at, field, "E103", "quote", { value, found: `'${found[0]}'` });
}

/** 写进字段的每一段文字：（表单里的一格，字段，值）。 @param {Draft} draft @returns {[string, string, string][]} */
function listTexts(draft) {
  /** @type {[string, string, string][]} */
  const texts = [
    ["title", "title", draft.title],
    ["team", "team", draft.team],
    ["start", "period.from", draft.start],
    ["end", "period.to", draft.end],
    ["role", "role", draft.role],
    ["round_min", "round_count.min", draft.round_min],
    ["round_max", "round_count.max", draft.round_max],
    ["reason", "reason", draft.reason],
    ["impression", "impression", draft.impression],
    ["contributed_by", "contributed_by", draft.contributed_by],
  ];
  if (draft.pay_kind) texts.push(["pay", "pay.text", draft.pay]);
  for (const [i, one] of draft.rounds.entries()) {
    for (const name of /** @type {const} */ (["index", "name", "interviewer_role", "minutes", "notes"])) {
      texts.push([`rounds.${i}.${name}`, `rounds[${i + 1}].${name}`, one[name]]);
    }
  }
  for (const { at, field, item } of listMentions(draft)) {
    texts.push([`${at}.topic`, `${field}.topic`, item.topic], [`${at}.detail`, `${field}.detail`, item.detail]);
  }
  for (const [i, need] of draft.requirements.entries()) texts.push([`requirements.${i}.value`, `requirements[${i + 1}].value`, need.value]);
  return texts;
}

/** 问到的与明说没问的各项。 @param {Draft} draft */
function listMentions(draft) {
  const rounds = draft.rounds.flatMap((one, i) => [
    ...one.asked.map((item, j) => ({ item, asked: true, section: i + 1, at: `rounds.${i}.asked.${j}`, field: `rounds[${i + 1}].asked[${j + 1}]` })),
    ...one.not_asked.map((item, j) => ({ item, asked: false, section: i + 1, at: `rounds.${i}.not_asked.${j}`, field: `rounds[${i + 1}].not_asked[${j + 1}]` })),
  ]);
  const section = draft.rounds.length + 1;
  return [...rounds, ...draft.not_asked.map((item, j) => ({ item, asked: false, section, at: `not_asked.${j}`, field: `not_asked[${j + 1}]` }))];
}

/** 必填的、格式固定的。 @param {Draft} draft @param {Rules} rules @param {Report} report */
function checkFields(draft, rules, report) {
  const missing = (/** @type {string} */ at, /** @type {string} */ field) => report(at, field, "E102", "missing", { key: field.split(".").at(-1) });
  checkTitle("title", "title", draft.title, rules, report);
  if (!writtenCompany(draft, rules)) missing(draft.company_name ? "company_key" : "company", "company");
  if (draft.pay_kind && !draft.pay) missing("pay", "pay.text");
  for (const [i, need] of draft.requirements.entries()) {
    if (!need.kind) missing(`requirements.${i}.kind`, `requirements[${i + 1}].kind`);
    if (!need.value) missing(`requirements.${i}.value`, `requirements[${i + 1}].value`);
  }
  for (const [at, field] of /** @type {const} */ ([["round_min", "round_count.min"], ["round_max", "round_count.max"]])) {
    const value = draft[at];
    if (value && value !== UNKNOWN && readCount(value, rules) === null) report(at, field, "E105", "integer", { value, low: 0, high: rules.max_rounds });
  }
  const [low, high] = [readCount(draft.round_min, rules), readCount(draft.round_max, rules)];
  if (low !== null && high !== null && low > high) report("round_max", "round_count", "E204", "round_count", { low, high });
}

/** 轮数；没写、写错都是 null。 @param {string} value @param {Rules} rules */
export function readCount(value, rules) {
  const right = matches(rules.patterns.integer, value) && Number(value) <= rules.max_rounds;
  return right ? Number(value) : null;
}

/** 月份存在、不在未来、不倒置。 @param {Draft} draft @param {Rules} rules @param {string} thisMonth @param {Report} report */
function checkPeriod(draft, rules, thisMonth, report) {
  for (const [at, field] of /** @type {const} */ ([["start", "period.from"], ["end", "period.to"]])) {
    const value = draft[at];
    if (!value || value === UNKNOWN) continue;
    if (!isMonth(value, rules)) report(at, field, "E106", "month", { value });
    else if (value > thisMonth) report(at, field, "E203", "future", { value });
  }
  const { start, end } = draft;
  if (isMonth(start, rules) && isMonth(end, rules) && start > end) report("end", "period.to", "E203", "period_order", { start, end });
}

/** 轮次的格式与先后。 @param {Draft} draft @param {Rules} rules @param {Report} report */
function checkRounds(draft, rules, report) {
  const max = readCount(draft.round_max, rules);
  let last = 0;
  for (const [i, { index, minutes }] of draft.rounds.entries()) {
    const [at, field] = [`rounds.${i}`, `rounds[${i + 1}]`];
    if (minutes && !matches(rules.patterns.minutes, minutes)) report(`${at}.minutes`, `${field}.minutes`, "E105", "format", { value: minutes, shape: rules.shapes.minutes });
    if (!index || index === UNKNOWN) continue;
    if (!matches(rules.patterns.index, index)) {
      report(`${at}.index`, `${field}.index`, "E105", "format", { value: index, shape: rules.shapes.index });
      continue;
    }
    const [start, end = start] = index.split("-").map(Number);
    if (start <= last || end < start) report(`${at}.index`, `${field}.index`, "E205", "round_order", { index });
    if (max !== null && end > max) report(`${at}.index`, `${field}.index`, "E205", "round_over", { index, max });
    last = Math.max(last, end);
  }
}

/** 考点存在；同一项不能既问了又没问。 @param {Draft} draft @param {Rules} rules @param {Report} report */
function checkMentions(draft, rules, report) {
  const mentions = listMentions(draft);
  const asked = mentions.filter((one) => one.asked).map(({ item }) => [item.topic || UNKNOWN, item.form || UNKNOWN]);
  for (const { item, asked: told, at, field } of mentions) {
    const { topic } = item;
    if (topic && topic !== UNKNOWN && lookUp(rules.topics, topic) === undefined) {
      const hint = suggest(topic, [...Object.keys(rules.topics), UNKNOWN], rules.topic_hints, rules);
      report(`${at}.topic`, `${field}.topic`, "E206", "topic", { value: topic, hint });
    }
    if (told) continue;
    const known = topic === UNKNOWN ? "" : topic;
    if (!known && !item.form) report(`${at}.topic`, `${field}.topic`, "E102", "topic_or_form");
    else if (asked.some(([t, f]) => (!known || known === t) && (!item.form || item.form === f))) report(`${at}.topic`, field, "E207", "asked_twice");
  }
}

/** 每一项都指向正文里真有的一段。 @param {Draft} draft @param {Rules} rules @param {Problem[]} problems */
function checkAnchors(draft, rules, problems) {
  const sections = readSections(draft);
  const written = sections.flatMap(({ name, paragraphs }) => paragraphs.map((_, i) => nameAnchor(name, paragraphs.length, String(i + 1))));
  /** @param {number} i @param {string} number @param {string} at @param {string} field */
  const check = (i, number, at, field) => {
    const anchor = nameAnchor(sections[i].name, sections[i].paragraphs.length, number);
    if (written.includes(anchor)) return;
    const hint = written.length ? `；${suggest(anchor, written, [], rules)}` : "";
    problems.push({ code: "E208", field: `${field}.anchor`, message: say(rules, "anchor", { anchor }) + hint, at: `${at}.paragraph` });
  };
  for (const { item, section, at, field } of listMentions(draft)) check(section, item.paragraph, at, field);
  for (const [i, need] of draft.requirements.entries()) check(0, need.paragraph, `requirements.${i}`, `requirements[${i + 1}]`);
}

/**
 * 草稿 → 面经文件：与 `hooks/mianjing/draft.py`、`contribution.py` 逐字相同，测试拿随机的草稿比对。
 *
 * @typedef {{topic: string, form: string, detail: string, answered: string, paragraph: string}} Mention
 * @typedef {{index: string, name: string, kind: string, interviewer_role: string, minutes: string, story: string, asked: Mention[], not_asked: Mention[], notes: string}} RoundDraft
 * @typedef {{kind: string, value: string, paragraph: string}} Need
 * @typedef {{company: string, company_key: string, company_name: string, company_kind: string, title: string, team: string, start: string, end: string, precision: string, year: string, number: string, role: string, channel: string, outcome: string, stage_reached: string, round_min: string, round_max: string, before: string, rounds: RoundDraft[], after: string, not_asked: Mention[], requirements: Need[], pay_kind: string, pay: string, reason: string, impression: string, review: string, contributed_by: string}} Draft
 * @typedef {{repository: string, messages: Record<string, string>, patterns: Record<string, string>, shapes: Record<string, string>, max_bytes: number, max_line: number, privacy: import("./privacy.js").PrivacyRules, characters: import("./characters.js").CharacterRules, max_rounds: number, words: Record<string, Record<string, string>>, companies: Record<string, string>, company_kinds: Record<string, string>, company_names: Record<string, string>, topics: Record<string, string>, topic_names: Record<string, string>, topic_hints: [string, string][], experiences: string[], source: string}} Rules
 * @typedef {{text: string, from: [string, string][]}} Line 文件的一行，与它出自表单的哪几格：（格，填的字），最可能的在前
 */
import { matches } from "./patterns.js";

export const UNKNOWN = "unknown";
const PLAIN = /^[A-Za-z0-9一-鿿（「《][A-Za-z0-9一-鿿（）「」《》、，。；！？·～—…_/.+% -]*$/u;
const RESERVED = new Set(["yes", "no", "true", "false", "on", "off", "null", "y", "n"]);

/** 日历上有的 `YYYY-MM`。 @param {string} value @param {Rules} rules */
export function isMonth(value, rules) {
  const month = Number(value.slice(5));
  return matches(rules.patterns.month, value) && month >= 1 && month <= 12 && value.slice(0, 4) !== "0000";
}

/** 填的字 → 写进文件的字，见 complete_draft。 @param {Draft} draft @param {Rules} rules @returns {Draft} */
export function completeDraft(draft, rules) {
  const typed = draft.company;
  let key = lookUp(rules.company_names, typed.toLowerCase()) ?? "";
  if (!key && typed && lookUp(rules.companies, draft.company_key) !== undefined) key = draft.company_key;
  const name = key ? "" : typed;
  if (!key && typed) key = draft.company_key;
  const year = fileYear(draft);
  const number = nextNumber(key, year, rules.experiences);
  const shown = lookUp(rules.companies, key) ?? name;
  const resolve = (/** @type {Mention} */ item) => ({
    ...item,
    topic: lookUp(rules.topic_names, item.topic.toLowerCase()) ?? item.topic,
  });
  const dated = isMonth(draft.start, rules) || isMonth(draft.end, rules);
  return {
    ...draft,
    company: key,
    company_name: name,
    title: draft.title || defaultTitle(shown, year, number),
    number,
    precision: dated ? draft.precision || "stated" : UNKNOWN,
    rounds: draft.rounds.map((one) => ({ ...one, asked: one.asked.map(resolve), not_asked: one.not_asked.map(resolve) })),
    not_asked: draft.not_asked.map(resolve),
  };
}

/** @template T @param {Record<string, T>} table @param {string} key @returns {T | undefined} */
export function lookUp(table, key) {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** @param {string} company @param {string} year @param {string[]} taken */
function nextNumber(company, year, taken) {
  if (!taken.includes(`${company}-${year}`)) return "";
  let number = 2;
  while (taken.includes(`${company}-${year}-${number}`)) number += 1;
  return String(number);
}

/** @param {string} name @param {string} year @param {string} number */
function defaultTitle(name, year, number) {
  const inside = [year, number && `第 ${number} 篇`].filter(Boolean).join("，");
  return inside ? `${name}面经（${inside}）` : `${name}面经`;
}

/** 文件名里的年份；不知道时为空。 @param {Draft} draft */
export function fileYear(draft) {
  const year = /^[0-9]{4}-[0-9]{2}$/.test(draft.start) ? draft.start.slice(0, 4) : draft.year;
  return /^[0-9]{4}$/.test(year) ? year : "";
}

/** 文件名，不带后缀。 @param {Draft} draft @param {Rules} rules */
export function nameFile(draft, rules) {
  const number = draft.number ? `-${draft.number}` : "";
  return `${writtenCompany(draft, rules) || "company"}-${fileYear(draft) || "year"}${number}`;
}

/** 写进文件的公司键；不合格式的不写。 @param {Draft} draft @param {Rules} rules */
export function writtenCompany(draft, rules) {
  return matches(rules.patterns.key, draft.company) ? draft.company : "";
}

/** 新公司要加进公司表的一段；不用加时为空。 @param {Draft} draft @param {Rules} rules */
export function writeCompany(draft, rules) {
  if (!draft.company_name || !writtenCompany(draft, rules)) return "";
  return `${draft.company}:\n  name: ${quote(draft.company_name, rules)}\n  kind: ${draft.company_kind}\n`;
}

/** 一行一段，空行不算。 @param {string} text */
export function readParagraphs(text) {
  return text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
}

/** 一栏里第 number 段的锚点；只有一段时不带序号。 @param {string} section @param {number} count @param {string} number */
export function nameAnchor(section, count, number) {
  return count <= 1 && (number === "" || number === "1") ? section : `${section}-${number}`;
}

/** 正文的各栏：锚点的前缀、填在哪一栏、各段。 @param {Draft} draft */
export function readSections(draft) {
  return [
    { name: "before", at: "before", paragraphs: readParagraphs(draft.before) },
    ...draft.rounds.map((one, i) => ({ name: `round-${i + 1}`, at: `rounds.${i}.story`, paragraphs: readParagraphs(one.story) })),
    { name: "after", at: "after", paragraphs: readParagraphs(draft.after) },
    { name: "review", at: "review", paragraphs: readParagraphs(draft.review) },
  ];
}

/** 面经文件的各行。 @param {Draft} draft @param {Rules} rules @returns {Line[]} */
export function writeLines(draft, rules) {
  const sections = readSections(draft);
  const [before, after, review] = [sections[0], sections[sections.length - 2], sections[sections.length - 1]];
  const q = (/** @type {string} */ value) => quote(value, rules);
  const line = (/** @type {string} */ text, /** @type {[string, string][]} */ ...from) => ({ text, from });
  const pair = (/** @type {string} */ key, /** @type {string} */ value, at = key) => (value ? [line(`${key}: ${q(value)}`, [at, value])] : []);
  const anchor = (/** @type {typeof before} */ section, /** @type {string} */ number) => q(nameAnchor(section.name, section.paragraphs.length, number));
  const mentioned = (/** @type {Mention} */ item, /** @type {string} */ at) => /** @type {[string, string][]} */ ([[`${at}.detail`, item.detail], [`${at}.topic`, item.topic]]);
  const absent = (/** @type {Mention[]} */ items, /** @type {typeof before} */ section, /** @type {string} */ at) =>
    items.length
      ? [
          line("not_asked:"),
          ...items.map((item, j) => line(`  - ${flow({ topic: q(item.topic), form: q(item.form), detail: q(item.detail), anchor: anchor(section, item.paragraph) })}`, ...mentioned(item, `${at}.${j}`))),
        ]
      : [];
  const lines = [line("---"), ...pair("title", draft.title), ...pair("company", writtenCompany(draft, rules), draft.company_name ? "company_key" : "company"), ...pair("team", draft.team)];
  lines.push(
    line(`period: ${flow({ from: q(draft.start || UNKNOWN), to: q(draft.end || UNKNOWN), precision: draft.precision || UNKNOWN })}`, ["start", draft.start], ["end", draft.end]),
  );
  lines.push(...pair("role", draft.role || UNKNOWN), ...pair("channel", draft.channel), ...pair("outcome", draft.outcome), ...pair("stage_reached", draft.stage_reached));
  lines.push(line(`round_count: ${flow({ min: q(draft.round_min || UNKNOWN), max: q(draft.round_max || UNKNOWN) })}`, ["round_min", draft.round_min], ["round_max", draft.round_max]));
  lines.push(line(draft.rounds.length ? "rounds:" : "rounds: []"));
  for (const [i, one] of draft.rounds.entries()) {
    const [section, at] = [sections[i + 1], `rounds.${i}`];
    const asked = one.asked.map((item, j) =>
      line(
        `  - ${flow({ topic: q(item.topic || UNKNOWN), form: q(item.form || UNKNOWN), detail: q(item.detail), answered: q(item.answered === UNKNOWN ? "" : item.answered), anchor: anchor(section, item.paragraph) })}`,
        ...mentioned(item, `${at}.asked.${j}`),
      ),
    );
    const pairs = [
      ...pair("name", one.name, `${at}.name`),
      ...pair("kind", one.kind, `${at}.kind`),
      ...pair("interviewer_role", one.interviewer_role, `${at}.interviewer_role`),
      ...pair("minutes", one.minutes, `${at}.minutes`),
      ...(asked.length ? [line("asked:"), ...asked] : []),
      ...absent(one.not_asked, section, `${at}.not_asked`),
      ...pair("notes", one.notes, `${at}.notes`),
    ];
    lines.push(line(`  - index: ${q(one.index || UNKNOWN)}`, [`${at}.index`, one.index]), ...pairs.map(({ text, from }) => line(`    ${text}`, ...from)));
  }
  lines.push(...absent(draft.not_asked, after, "not_asked"));
  if (draft.requirements.length) lines.push(line("requirements:"));
  for (const [i, need] of draft.requirements.entries()) {
    lines.push(line(`  - ${flow({ kind: q(need.kind), value: q(need.value), anchor: anchor(before, need.paragraph) })}`, [`requirements.${i}.value`, need.value]));
  }
  if (draft.pay_kind) lines.push(line(`pay: ${flow({ kind: q(draft.pay_kind), text: q(draft.pay) })}`, ["pay", draft.pay]));
  lines.push(...pair("reason", draft.reason), ...pair("impression", draft.impression), line("source: own"), ...pair("contributed_by", draft.contributed_by));
  lines.push(line("---"), line(""), line("## 经过"));
  for (const section of sections) {
    if (section === review && review.paragraphs.length) lines.push(line(""), line("## 作者的评价"));
    for (const [i, paragraph] of section.paragraphs.entries()) {
      lines.push(line(""), line(escape(paragraph), [section.at, paragraph]));
      lines.push(line(`{ #${nameAnchor(section.name, section.paragraphs.length, String(i + 1))} }`));
    }
  }
  return lines;
}

/** 面经文件的全文。 @param {Draft} draft @param {Rules} rules */
export function writeRecord(draft, rules) {
  return writeLines(draft, rules).map(({ text }) => `${text}\n`).join("");
}

/** 一行的映射；空着的键不写。 @param {Record<string, string>} values */
function flow(values) {
  return `{${Object.entries(values).filter(([, value]) => value).map(([key, value]) => `${key}: ${value}`).join(", ")}}`;
}

/** YAML 的一个值：简单的直接写，其余加双引号；空串还是空串。 @param {string} value @param {Rules} rules */
export function quote(value, rules) {
  if (!value) return "";
  if (PLAIN.test(value) && !value.endsWith(" ") && !RESERVED.has(value.toLowerCase())) return value;
  const escaped = value.replace(/[\\"]/g, "\\$&").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
  return `"${escaped.replace(new RegExp(rules.patterns.control, "gu"), escapePoint)}"`;
}

/** YAML 双引号里的码位：四位十六进制，放不下的八位。 @param {string} found */
function escapePoint(found) {
  const point = showPoint(found);
  return point.length > 4 ? `\\U${point.padStart(8, "0")}` : `\\u${point}`;
}

/** 一个字符的码位，至少四位十六进制。 @param {string} character */
export function showPoint(character) {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

/** 一段话 → Markdown：显示出来与填的一字不差。 @param {string} paragraph */
export function escape(paragraph) {
  const text = paragraph
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*[|${]/g, "\\$&")
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_");
  if (/^(?:[#>+-]|!(?=!!))/.test(text)) return `\\${text}`;
  if (/^(?:[=~]|\?(?=\?\?))/.test(text)) return `&#${text.charCodeAt(0)};${text.slice(1)}`;
  return text.replace(/^([0-9]+)\./, "$1\\.");
}

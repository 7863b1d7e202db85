/**
 * 逐行看写成的文件：隐私、形近字、太长的行、模板的记号，与 `hooks/mianjing/texts.py` 相同。
 *
 * HTML 的白名单与排版不在这里：正文的字都转义了，写不成 HTML。
 *
 * @typedef {import("./record.js").Draft} Draft
 * @typedef {import("./record.js").Rules} Rules
 * @typedef {import("./record.js").Line} Line
 * @typedef {import("./rules.js").Report} Report
 * @typedef {import("./privacy.js").Finding} Finding
 */
import { findOddCharacters } from "./characters.js";
import { findFirst } from "./patterns.js";
import { findAmounts, findContacts, findNames, findPay, findRole } from "./privacy.js";
import { nameFile, readSections } from "./record.js";

/** 公司表里新的一段：第一行是键。 @param {string} entry @param {Draft} draft @param {Rules} rules @param {Report} report */
export function checkCompanyText(entry, draft, rules, report) {
  const lines = entry.split("\n").map((text, i) => ({ text, from: /** @type {[string, string][]} */ ([i ? ["company", draft.company_name] : ["company_key", draft.company]]) }));
  if (!checkLength(lines, rules, report)) return;
  for (const line of lines) {
    for (const one of [...findContacts(line.text, rules), ...findNames(line.text, "companies", rules), ...findOddCharacters(line.text, rules)]) reportLine(line, one, report);
  }
}

/**
 * 面经文件的各行；readable 为假时字段读不出来，不看薪资与角色。
 * @param {Draft} draft @param {Line[]} lines @param {boolean} readable @param {Rules} rules @param {Report} report
 */
export function checkRecordText(draft, lines, readable, rules, report) {
  if (readable) checkTemplates(draft, rules, report);
  if (!checkLength(lines, rules, report)) return;
  const key = nameFile(draft, rules);
  for (const line of lines) {
    const { text } = line;
    const found = [...findContacts(text, rules), ...findNames(text, key, rules), ...findOddCharacters(text, rules)];
    if (readable && !text.startsWith("pay:")) found.push(...findAmounts(text, rules));
    for (const one of found) reportLine(line, one, report);
  }
  if (!readable) return;
  if (draft.pay_kind) for (const { code, name, values } of findPay(draft.pay_kind, draft.pay, rules)) report("pay", "pay.text", code, name, values);
  for (const [i, { interviewer_role: role }] of draft.rounds.entries()) {
    for (const { code, name, values } of findRole(role, key, rules)) report(`rounds.${i}.interviewer_role`, `rounds[${i + 1}].interviewer_role`, code, name, values);
  }
}

/** 正文里没有模板的记号。 @param {Draft} draft @param {Rules} rules @param {Report} report */
function checkTemplates(draft, rules, report) {
  for (const { at, paragraphs } of readSections(draft)) {
    for (const paragraph of paragraphs) {
      const found = findFirst(rules.patterns.template, paragraph)?.[0];
      if (found) report(at, "", "E415", "template", { found });
    }
  }
}

/** 没有太长的行；有就不再逐行看。 @param {Line[]} lines @param {Rules} rules @param {Report} report */
function checkLength(lines, rules, report) {
  const long = lines.filter(({ text }) => text.length > rules.max_line && [...text].length > rules.max_line);
  for (const line of long) report(line.from[0]?.[0] ?? "after", "", "E001", "long_line", { limit: rules.max_line });
  return !long.length;
}

/** 报在写着这些字的那一格；一行来自几格、说不清是哪一格时报在第一格。 @param {Line} line @param {Finding} finding @param {Report} report */
function reportLine({ from }, { code, found, name, values }, report) {
  const [at] = from.find(([, value]) => value.includes(found) || value.normalize("NFKC").includes(found)) ?? from[0] ?? ["after"];
  report(at, "", code, name, values);
}

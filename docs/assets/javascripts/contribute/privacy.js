/**
 * 不写出没有公开身份的人：与 `hooks/mianjing/privacy.py` 认出同样的东西、说同样的话，式子与名单是同一份。
 *
 * @typedef {import("./record.js").Rules} Rules
 * @typedef {{code: string, found: string, name: string, values: Record<string, unknown>}} Finding
 *   一处：代码，认出的字，句子的名字与要填的值
 * @typedef {{code: string, name: string, test: string, pattern: string}} Contact
 * @typedef {{contacts: Contact[], patterns: Record<string, string>, words: string[], latin_words: string[], figures: Record<string, string[]>, min_spread: number, near: number}} PrivacyRules
 */
import { findAll, findFirst, matches } from "./patterns.js";

/** 认出之后再验一步。 @type {Record<string, (found: RegExpMatchArray, rules: PrivacyRules) => boolean>} */
const HOLDS = { "": () => true, identity: isIdentity, card: isCard, email: isEmail };

/** 一行里的电话、证件号、卡号、邮箱、微信与 QQ。 @param {string} text @param {Rules} rules @returns {Finding[]} */
export function findContacts(text, { privacy }) {
  const flat = text.normalize("NFKC");
  return privacy.contacts.flatMap(({ code, name, test, pattern }) =>
    findAll(pattern, flat)
      .filter((found) => HOLDS[test](found, privacy))
      .map(([found]) => ({ code, found, name: "contact", values: { name, shown: mask(found) } })),
  );
}

/** 一行里带名字的称呼；公开人物只在表里写明的那几篇。 @param {string} text @param {string} key 文件名，不带后缀 @param {Rules} rules @returns {Finding[]} */
export function findNames(text, key, { privacy }) {
  const { titled, introduced, latin } = privacy.patterns;
  const allowed = listAllowed(key, privacy);
  const found = [titled, introduced, latin].flatMap((pattern) => findAll(pattern, text));
  return found.flatMap(({ 0: shown, groups }) => {
    const name = groups?.name ?? groups?.given ?? "";
    const plain = privacy.words.includes(name) || privacy.latin_words.includes(name);
    if (plain || allowed.some((one) => name.includes(one) || one.includes(name))) return [];
    return [describeName(shown.trim(), name)];
  });
}

/** 面试官的角色写成了姓名。 @param {string} role @param {string} key @param {Rules} rules @returns {Finding[]} */
export function findRole(role, key, { privacy }) {
  const named = matches(privacy.patterns.whole, role) && !privacy.words.includes(role) && !listAllowed(key, privacy).includes(role);
  return named ? [describeName(role, role)] : [];
}

/** 薪资那一格里准确的数；种类是区间的要有数。 @param {string} kind @param {string} text @param {Rules} rules @returns {Finding[]} */
export function findPay(kind, text, { privacy }) {
  const amounts = findAll(privacy.patterns.amount, text);
  const exact = amounts.filter((found) => !isBand(found, privacy)).map(([found]) => describePay(found));
  return kind === "band" && !amounts.length ? [{ code: "E607", found: text, name: "pay_band", values: { text } }] : exact;
}

/** 一行里说薪资的地方，也只写区间。 @param {string} text @param {Rules} rules @returns {Finding[]} */
export function findAmounts(text, { privacy }) {
  const { pay_words: words, clause_end: end, amount } = privacy.patterns;
  return findAll(words, text).flatMap(({ 0: word, index = 0 }) => {
    const rest = text.slice(index + word.length);
    const clause = rest.slice(0, findFirst(end, rest)?.index);
    const near = [...clause].slice(0, privacy.near).join("");
    const found = findFirst(amount, near);
    return found && !isBand(found, privacy) ? [{ ...describePay(`${word}${near}`), found: word }] : [];
  });
}

/** 这一篇里可以点名的公开人物。 @param {string} key @param {PrivacyRules} privacy */
function listAllowed(key, privacy) {
  return Object.keys(privacy.figures).filter((name) => privacy.figures[name].includes(key));
}

/** @param {string} shown @param {string} name @returns {Finding} */
function describeName(shown, name) {
  return { code: "E606", found: shown, name: "named", values: { shown, name } };
}

/** @param {string} shown @returns {Finding} */
function describePay(shown) {
  return { code: "E607", found: shown, name: "exact_pay", values: { shown: shown.trim() } };
}

/** @param {RegExpMatchArray} found @param {PrivacyRules} privacy */
function isBand({ groups }, privacy) {
  const open = groups?.open?.trim();
  if (open && open !== "多") return true;
  return Boolean(groups?.high) && Number(groups?.high) >= privacy.min_spread * Number(groups?.low);
}

/** 只露两头。 @param {string} text */
function mask(text) {
  const characters = [...text];
  return characters.length > 6 ? `${characters.slice(0, 3).join("")}…${characters.slice(-2).join("")}` : text;
}

/** 出生日期存在，校验位相符。 @param {RegExpMatchArray} found */
function isIdentity([text]) {
  const digits = text.toUpperCase();
  const [year, month, day] = [digits.slice(6, 10), digits.slice(10, 12), digits.slice(12, 14)].map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  if (year < 1 || day < 1 || day > days) return false;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const total = weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);
  return digits[17] === "10X98765432"[total % 11];
}

/** 16 到 19 位、以发卡组织的号开头、Luhn 校验相符。 @param {RegExpMatchArray} found @param {PrivacyRules} privacy */
function isCard([text], privacy) {
  const digits = [...text.replace(/[^0-9]/g, "")].map(Number);
  if (digits.length < 16 || digits.length > 19 || findFirst(`^(?:${privacy.patterns.issuers})`, digits.join("")) === null) return false;
  const total = digits.reverse().reduce((sum, digit, place) => {
    const doubled = place % 2 ? digit * 2 : digit;
    return sum + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return total % 10 === 0 && new Set(digits).size > 2;
}

/** 不算 example.com 一类；不用 @ 的写法只认常见的邮箱。 @param {RegExpMatchArray} found @param {PrivacyRules} privacy */
function isEmail({ 0: text, groups }, privacy) {
  const host = (groups?.host ?? "").toLowerCase();
  if (matches(privacy.patterns.example_host, host)) return false;
  return text.includes("@") || findFirst(`^${privacy.patterns.mail_host}`, host) !== null;
}

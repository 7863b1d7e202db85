/**
 * 形近字：与 `hooks/mianjing/characters.py` 认出同样的字、说同样的话，表是同一份。
 *
 * @typedef {import("./record.js").Rules} Rules
 * @typedef {import("./privacy.js").Finding} Finding
 * @typedef {{lookalikes: Record<string, string>, kinds: Record<string, string>, odd: string, word: string, cyrillic: string}} CharacterRules
 */
import { say } from "./messages.js";
import { findAll, matches } from "./patterns.js";
import { lookUp, showPoint } from "./record.js";

/** 一行里的形近字，各报一次。 @param {string} text @param {Rules} rules @returns {Finding[]} */
export function findOddCharacters(text, rules) {
  const { kinds, odd, word, cyrillic, lookalikes } = rules.characters;
  /** @param {number} place @param {string} char @param {string} kind @param {string} fix @returns {Finding} */
  const describe = (place, char, kind, fix) => {
    const column = [...text.slice(0, place)].length + 1;
    return { code: "E612", found: char, name: "odd", values: { column, char, point: showPoint(char), kind, fix } };
  };
  const fix = (/** @type {string} */ char) => {
    const plain = lookUp(lookalikes, char);
    return plain ? say(rules, "odd_latin", { plain }) : say(rules, "odd_cyrillic", {});
  };
  const odds = findAll(odd, text).map(({ 0: char, index = 0 }) => {
    const plain = char.normalize("NFKC");
    const kind = Object.keys(kinds).find((name) => matches(kinds[name], char)) ?? "";
    return describe(index, char, kind, plain === char ? say(rules, "odd_other", {}) : say(rules, "odd_plain", { plain }));
  });
  const cyrillics = findAll(cyrillic, text).map(({ 0: char, index = 0 }) => describe(index, char, "西里尔字母", fix(char)));
  const greeks = findAll(word, text)
    .filter(([found]) => /[A-Za-z]/.test(found))
    .flatMap(({ 0: found, index = 0 }) => [...found].map((char, i) => ({ char, place: index + i })))
    .filter(({ char }) => lookUp(lookalikes, char) !== undefined && !matches(cyrillic, char))
    .map(({ char, place }) => describe(place, char, "希腊字母", fix(char)));
  return [...odds, ...cyrillics, ...greeks];
}

/** 卡片的名册与背面：构建时由 `hooks/mianjing/cards.py` 从目录得出，这里取来并解开。 */

import { once } from "../once.js";
import { pageAddress } from "../page_address.js";
import { readJson } from "../read_json.js";

const SITE = new URL("../../", import.meta.url);
const VERSION = 1;

/** @typedef {{key: string, title: string, topic: number, level: number}} Card */
/** @typedef {{key: string, title: string, parent: number}} Topic */
/** @typedef {{key: string, name: string, kind: string, count: number, topics: number[], cards: number[]}} Company */
/**
 * @typedef {object} Bank
 * @property {Topic[]} topics
 * @property {[string, string][]} levels 难度：键与叫法
 * @property {[string, string][]} kinds 公司类型：键与叫法
 * @property {Company[]} companies
 * @property {Card[]} cards
 */
/** @typedef {"30s" | "2min"} Length 背面的长短：`cards.py` 的 SPOKEN */
/** @typedef {{topic: string, company: string, level: string}} Filter 都可以是空串；company 也可以是 `kind:类型` */

/** @type {Map<string, () => Promise<any>>} */
const files = new Map();

/** 取一份 JSON，取到的记着；取不到时抛错，再调用就是重试。 @param {string} path */
function load(path) {
  const file = files.get(path) ?? once(() => readJson(new URL(path, SITE).href));
  files.set(path, file);
  return file();
}

/** @returns {Promise<Bank>} */
export async function loadBank() {
  return readBank(await load("review/cards.json"));
}

/** @param {any} raw `dump_cards` 写出的 @returns {Bank} */
export function readBank(raw) {
  if (raw?.version !== VERSION) throw new Error(`卡片的版本是 ${raw?.version}，这一页只认识 ${VERSION}：刷新再试`);
  return {
    levels: raw.levels,
    kinds: raw.kinds,
    topics: raw.topics.map((/** @type {any} */ [key, title, parent]) => ({ key, title, parent })),
    companies: raw.companies.map((/** @type {any} */ [key, name, kind, count, topics, cards]) => ({ key, name, kind, count, topics, cards })),
    cards: raw.cards.map((/** @type {any} */ [key, title, topic, level]) => ({ key, title, topic, level })),
  };
}

/**
 * 一张卡的背面；里面的链接换成从这一页走得通的。
 * @param {Bank} bank @param {Card} card @param {Length} length @returns {Promise<DocumentFragment>}
 */
export async function loadAnswer(bank, card, length) {
  const answers = await load(`review/answers/${length}/${bank.topics[card.topic].key}.json`);
  if (typeof answers[card.key] !== "string") throw new Error("题库刚更新过：刷新再试");
  const template = document.createElement("template");
  template.innerHTML = answers[card.key];
  for (const link of template.content.querySelectorAll("a[href]")) {
    link.setAttribute("href", new URL(link.getAttribute("href") ?? "", addressOf(card)).href);
  }
  return template.content;
}

/** 题目的整页。 @param {Card} card */
export function addressOf(card) {
  return pageAddress(`questions/${card.key}/`);
}

/** 公司或一类公司：`company` 的写法见 Filter；空串是没有选。 @param {Bank} bank @param {string} company */
export function findCompanies(bank, company) {
  if (!company) return [];
  return bank.companies.filter((one) => one.key === company || `kind:${one.kind}` === company);
}

/** 可以按类选的公司：值与文字。 @param {Bank} bank @returns {[string, string][]} */
export function kindOptions(bank) {
  const present = bank.kinds.filter(([key]) => bank.companies.some((one) => one.kind === key));
  return present.map(([key, name]) => [`kind:${key}`, `全部${name}`]);
}

/** 一张卡与这些公司的关系：2 是写明问过这道题，1 是写明问过这个考点，0 是没有写到。 @param {Bank} bank @param {number} number @param {Company[]} companies */
export function relate(bank, number, companies) {
  const { topic } = bank.cards[number];
  const { parent } = bank.topics[topic];
  if (companies.some((one) => one.cards.includes(number))) return 2;
  return companies.some((one) => one.topics.includes(topic) || one.topics.includes(parent)) ? 1 : 0;
}

/** 谁问过，写给读者；没有是空串。 @param {Bank} bank @param {number} number */
export function describeAskers(bank, number) {
  const names = bank.companies.filter((one) => one.cards.includes(number)).map((one) => one.name);
  return names.length ? `${names.join("、")}问过` : "";
}

/** 筛出的卡片的序号，写明问过的在前。 @param {Bank} bank @param {Filter} filter */
export function selectCards(bank, filter) {
  const topic = bank.topics.findIndex((one) => one.key === filter.topic);
  const level = bank.levels.findIndex(([key]) => key === filter.level);
  const companies = findCompanies(bank, filter.company);
  const asked = bank.cards.map((_, number) => bank.companies.filter((one) => one.cards.includes(number)).length);
  return [...bank.cards.keys()]
    .filter((number) => {
      const card = bank.cards[number];
      if (topic >= 0 && card.topic !== topic && bank.topics[card.topic].parent !== topic) return false;
      if (level >= 0 && card.level !== level) return false;
      return !filter.company || relate(bank, number, companies) > 0;
    })
    .map((number) => /** @type {const} */ ([number, relate(bank, number, companies)]))
    .sort(([a, near], [b, far]) => far - near || asked[b] - asked[a] || a - b)
    .map(([number]) => number);
}

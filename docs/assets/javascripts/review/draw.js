/** 模拟面试的抽题：份数见模拟面试页，一题至多抽一次。 */
import { findCompanies, relate } from "./bank.js";

/** 没有写到的、写明问过考点的、写明问过这道题的，各几份。 */
export const SHARES = [1, 3, 8];

/**
 * 抽 count 道，返回卡片的序号；题不够时全给。
 * @param {import("./bank.js").Bank} bank @param {string} company 写法见 Filter @param {number} count
 * @param {() => number} random 0 到 1，不含 1
 */
export function drawCards(bank, company, count, random = Math.random) {
  const companies = findCompanies(bank, company);
  const left = bank.cards.map((_, number) => ({ number, share: SHARES[relate(bank, number, companies)] }));
  /** @type {number[]} */
  const drawn = [];
  while (drawn.length < count && left.length) {
    let ticket = random() * left.reduce((sum, { share }) => sum + share, 0);
    let at = 0;
    while (at < left.length - 1 && ticket >= left[at].share) ticket -= left[at++].share;
    drawn.push(left[at].number);
    left.splice(at, 1);
  }
  return drawn;
}

/** 浏览器端给出的改法：node closest.mjs < {rules, cases: [值, 候选, 名称][]} > 各自的一句。 */
import { text } from "node:stream/consumers";
import { suggest } from "../../docs/assets/javascripts/contribute/closest.js";

const { rules, cases } = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(cases.map((/** @type {[string, string[], [string, string][]]} */ [value, options, names]) => suggest(value, options, names, rules))));

/** 最接近的写法：与 Python 的 difflib.get_close_matches、`problem.py` 的 suggest 结果相同。 */
import { say } from "./messages.js";

/** @typedef {import("./record.js").Rules} Rules */

/** 最长的公共连续段，在 a 里最靠前的那个。 @param {string[]} a @param {string[]} b @param {number[]} span @returns {[number, number, number]} */
function longest(a, b, [aLow, aHigh, bLow, bHigh]) {
  let best = /** @type {[number, number, number]} */ ([aLow, bLow, 0]);
  /** @type {Map<number, number>} */
  let lengths = new Map();
  for (let i = aLow; i < aHigh; i += 1) {
    /** @type {Map<number, number>} */
    const next = new Map();
    for (let j = bLow; j < bHigh; j += 1) {
      if (a[i] !== b[j]) continue;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > best[2]) best = [i - length + 1, j - length + 1, length];
    }
    lengths = next;
  }
  return best;
}

/** 相似度，0 到 1（Ratcliff–Obershelp）。 @param {string} left @param {string} right */
export function similarity(left, right) {
  const [a, b] = [[...left], [...right]];
  if (!a.length && !b.length) return 1;
  let matched = 0;
  const spans = [[0, a.length, 0, b.length]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [i, j, size] = longest(a, b, span);
    if (!size) continue;
    matched += size;
    spans.push([span[0], i, span[2], j], [i + size, span[1], j + size, span[3]]);
  }
  return (2 * matched) / (a.length + b.length);
}

/** 最像的一个，相似度至少 0.5；一样像时取排在后面的。 @param {string} value @param {Iterable<string>} options */
export function closest(value, options) {
  let best = "";
  let score = 0;
  for (const option of options) {
    const found = similarity(option, value);
    if (found >= 0.5 && (found > score || (found === score && comparePoints(option, best) > 0))) [best, score] = [option, found];
  }
  return score ? best : undefined;
}

/** 按码位比先后，与 Python 的字符串相同。 @param {string} left @param {string} right */
function comparePoints(left, right) {
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = (a[i].codePointAt(0) ?? 0) - (b[i].codePointAt(0) ?? 0);
    if (difference) return difference;
  }
  return a.length - b.length;
}

/**
 * 改法：最接近的候选，没有接近的就列出来。
 * @param {string} value
 * @param {string[]} options
 * @param {[string, string][]} names 名称 → 候选
 * @param {Rules} rules
 */
export function suggest(value, options, names, rules) {
  if (!options.length) return say(rules, "no_options", {});
  const lowered = new Map([...names, ...options.map((one) => /** @type {[string, string]} */ ([one, one]))].map(([name, option]) => [name.toLowerCase(), option]));
  const low = value.toLowerCase();
  const near = closest(low, lowered.keys()) ?? (value ? [...lowered.keys()].find((one) => one.includes(low) || low.includes(one)) : undefined);
  if (near !== undefined) return say(rules, "nearest", { value: lowered.get(near) ?? "" });
  return say(rules, options.length > 12 ? "options_more" : "options", { values: options.slice(0, 12).join("、") });
}

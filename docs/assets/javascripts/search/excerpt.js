/**
 * 摘要：一节里命中最集中的一段，命中处做上记号。
 *
 * @typedef {[text: string, marked: boolean]} Piece
 */
import { bigrams, readWords } from "./words.js";

const LENGTH = 110;

/**
 * 全文按记号切开。
 *
 * @param {string} text
 * @param {Set<string>} keys 查询里的词
 * @returns {Piece[]}
 */
export function markText(text, keys) {
  return cut(text, findMarks(text, keys), 0, text.length);
}

/**
 * 命中最集中的一段。
 *
 * @param {string} text
 * @param {Set<string>} keys
 * @returns {Piece[]}
 */
export function excerpt(text, keys) {
  const marks = findMarks(text, keys);
  let [best, from] = [0, 0];
  for (const [start] of marks) {
    const inside = new Set(
      marks.filter(([a, b]) => a >= start && b <= start + LENGTH).map(([a, b]) => text.slice(a, b).toLowerCase()),
    );
    if (inside.size > best) [best, from] = [inside.size, start];
  }
  const start = text.length <= LENGTH ? 0 : sentenceStart(text, Math.max(0, Math.min(from, text.length - LENGTH)));
  const end = Math.min(text.length, start + LENGTH);
  const pieces = cut(text, marks, start, end);
  if (start > 0) pieces.unshift(["…", false]);
  if (end < text.length) pieces.push(["…", false]);
  return pieces;
}

/** 往前退到句首，至多退二十个字。 @param {string} text @param {number} at */
function sentenceStart(text, at) {
  for (let i = at; i > Math.max(0, at - 20); i--) {
    if ("。；！？ ".includes(text[i - 1])) return i;
  }
  return Math.max(0, at - 8);
}

/**
 * 命中的位置，已并在一起。
 *
 * @param {string} text
 * @param {Set<string>} keys
 * @returns {[number, number][]}
 */
function findMarks(text, keys) {
  /** @type {[number, number][]} */
  const marks = [];
  const push = (/** @type {number} */ start, /** @type {number} */ end) => {
    const last = marks[marks.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else marks.push([start, end]);
  };
  let previous = { text: "", start: 0 };
  for (const word of readWords(text)) {
    if (word.kind === "han") {
      const chars = [...word.text];
      let at = word.start;
      bigrams(word.text).forEach((pair, i) => {
        const size = chars[i].length;
        if (keys.has(pair)) push(at, at + pair.length);
        at += size;
      });
      previous = { text: "", start: 0 };
      continue;
    }
    if (word.joined && keys.has(previous.text + word.text)) push(previous.start, word.end);
    else if (keys.has(word.text)) push(word.start, word.end);
    previous = { text: word.text, start: word.start };
  }
  return marks;
}

/**
 * @param {string} text
 * @param {[number, number][]} marks
 * @param {number} start
 * @param {number} end
 * @returns {Piece[]}
 */
function cut(text, marks, start, end) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = start;
  for (const [from, to] of marks) {
    if (to <= start || from >= end) continue;
    if (from > at) pieces.push([text.slice(at, from), false]);
    pieces.push([text.slice(Math.max(at, from), Math.min(to, end)), true]);
    at = Math.min(to, end);
  }
  if (at < end) pieces.push([text.slice(at, end), false]);
  return pieces;
}

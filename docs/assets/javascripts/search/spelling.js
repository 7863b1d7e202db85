/**
 * 差一个字母的西文词：错一个、缺一个、多一个，或一个放错了地方（mutil → multi）。
 *
 * @param {string} word
 * @param {string[]} known
 * @returns {string[]} 至多三个，首字母相同的、长度相同的在前
 */
export function suggestSpellings(word, known) {
  return known
    .filter((other) => Math.abs(other.length - word.length) <= 1 && isOneEdit(word, other))
    .sort((a, b) => distance(word, a) - distance(word, b) || (a < b ? -1 : 1))
    .slice(0, 3);
}

/** @param {string} a @param {string} b */
export function isOneEdit(a, b) {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end++;
  }
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  if (left.length <= 1 && right.length <= 1) return true;
  return (
    left.length === right.length &&
    (left.slice(1) + left[0] === right || right.slice(1) + right[0] === left)
  );
}

/** @param {string} word @param {string} other */
function distance(word, other) {
  return (word[0] === other[0] ? 0 : 2) + Math.abs(word.length - other.length);
}

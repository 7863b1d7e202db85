/**
 * 差一个字母的西文词：错一个、缺一个、多一个，或一个放错了地方（mutil → multi）。
 *
 * @param {string} word
 * @param {string[]} known
 * @returns {string[]} 至多三个，像的在前：首字母相同的先；放错地方的先于缺的、多的，再是错的
 */
export function suggestSpellings(word, known) {
  return known
    .filter((other) => Math.abs(other.length - word.length) <= 1 && isOneEdit(word, other))
    .sort((a, b) => distance(word, a) - distance(word, b) || (a < b ? -1 : 1))
    .slice(0, 3);
}

/** @param {string} a @param {string} b */
export function isOneEdit(a, b) {
  const [left, right] = differences(a, b);
  return (left.length <= 1 && right.length <= 1) || isMoved(left, right);
}

/** 去掉相同的头与尾，剩下的。 @param {string} a @param {string} b */
function differences(a, b) {
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
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/** 同样的字母，头上的一个挪到了尾上，或反过来。 @param {string} left @param {string} right */
function isMoved(left, right) {
  return (
    left.length === right.length &&
    left.length > 1 &&
    (left.slice(1) + left[0] === right || right.slice(1) + right[0] === left)
  );
}

/** @param {string} word @param {string} other */
function distance(word, other) {
  const [left, right] = differences(word, other);
  const kind = isMoved(left, right) ? 0 : left.length === right.length ? 2 : 1;
  return (word[0] === other[0] ? 0 : 4) + kind;
}

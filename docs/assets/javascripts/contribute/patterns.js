/** 由构建写进 rules.json 的式子：同一个式子只编译一次。 */

/** @type {Map<string, RegExp>} */
const compiled = new Map();

/** 从头找起的式子：带 `g` 的式子记着上次找到哪里，matchAll 也从那里接着找。 @param {string} pattern */
function compile(pattern) {
  const found = compiled.get(pattern) ?? new RegExp(pattern, "gu");
  compiled.set(pattern, found);
  found.lastIndex = 0;
  return found;
}

/** 依次不重叠的各处。 @param {string} pattern @param {string} text */
export function findAll(pattern, text) {
  return [...text.matchAll(compile(pattern))];
}

/** 第一处。 @param {string} pattern @param {string} text */
export function findFirst(pattern, text) {
  return compile(pattern).exec(text);
}

/** 整个值都匹配。 @param {string} pattern @param {string} value */
export function matches(pattern, value) {
  return findFirst(`^(?:${pattern})$`, value) !== null;
}

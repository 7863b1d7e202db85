/** 填好的一句；句子的表由构建写进 rules.json，与 Python 的检查是同一份。 @param {import("./record.js").Rules} rules @param {string} name @param {Record<string, unknown>} values */
export function say(rules, name, values) {
  return rules.messages[name].replace(/\{\{|\}\}|\{(\w+)\}/g, (found, key) => (key ? String(values[key]) : found[0]));
}

/**
 * 造一个元素：属性为 false、undefined 的不写；子节点可以是文字。
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * 一个带标签的下拉框。
 * @param {string} label
 * @param {string} name
 * @param {[string, string][]} options 值与文字
 * @returns {{label: HTMLLabelElement, field: HTMLSelectElement}}
 */
export function selectField(label, name, options) {
  const field = element("select", { name });
  field.append(...options.map(([value, text]) => element("option", { value }, text)));
  return { label: element("label", {}, label, field), field };
}

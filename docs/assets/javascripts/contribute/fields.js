/**
 * 表单的各格：读成草稿、按草稿填回、按路径找到一格。
 *
 * 名字写在 data-field 上，可以增减的列表写在 data-list 上，列表里的每一项是 data-item。
 */

/** @typedef {import("./record.js").Draft} Draft */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {{[name: string]: string | Tree[]}} Tree */

let count = 0;

/** 直接属于 container 的元素，不算里面各项的。 @param {HTMLElement} container @param {string} selector */
function own(container, selector) {
  const found = /** @type {NodeListOf<HTMLElement>} */ (container.querySelectorAll(selector));
  return [...found].filter((one) => one.parentElement?.closest("[data-item], form") === container);
}

/** @param {HTMLElement} container @param {(control: Control) => string} read @returns {Tree} */
function readTree(container, read) {
  /** @type {Tree} */
  const tree = {};
  for (const control of /** @type {Control[]} */ (own(container, "[data-field]"))) tree[control.dataset.field ?? ""] = read(control).trim();
  for (const list of own(container, "[data-list]")) tree[list.dataset.list ?? ""] = items(list).map((item) => readTree(item, read));
  return tree;
}

/** 填的字，还没有补全。 @param {HTMLFormElement} form @returns {Draft} */
export function readForm(form) {
  return readDraft(form, ({ value }) => value);
}

/** 空白的表单；读者已经填了的不算。 @param {HTMLFormElement} form 还没有加过一项 @returns {Draft} */
export function readBlank(form) {
  return readDraft(form, readDefault);
}

/** 填过、选过的格。 @param {HTMLFormElement} form */
export function changedControls(form) {
  const controls = /** @type {Control[]} */ (own(form, "[data-field]"));
  return controls.filter((control) => control.value !== readDefault(control));
}

/** 一格原来的值。 @param {Control} control */
function readDefault(control) {
  if (!(control instanceof HTMLSelectElement)) return control.defaultValue;
  return ([...control.options].find(({ defaultSelected }) => defaultSelected) ?? control.options[0]).value;
}

/** @param {HTMLFormElement} form @param {(control: Control) => string} read @returns {Draft} */
function readDraft(form, read) {
  const typed = /** @type {any} */ (readTree(form, read));
  for (const one of [...typed.not_asked, ...typed.rounds.flatMap((/** @type {any} */ round) => round.not_asked)]) one.answered = "";
  return { ...typed, company_name: "", number: "" };
}

/** 按草稿填回；列表按草稿重建。 @param {HTMLElement} container @param {Tree} tree */
export function fillForm(container, tree) {
  for (const list of own(container, "[data-list]")) {
    list.replaceChildren();
    const rows = tree[list.dataset.list ?? ""];
    for (const row of Array.isArray(rows) ? rows : []) fillForm(addItem(list), row);
  }
  for (const control of /** @type {Control[]} */ (own(container, "[data-field]"))) {
    const value = tree[control.dataset.field ?? ""];
    if (typeof value !== "string") continue;
    if (control.dataset.field === "paragraph") offerParagraph(/** @type {HTMLSelectElement} */ (control), value);
    control.value = value;
  }
}

/** 第几段的选择里要有 value。 @param {HTMLSelectElement} select @param {string} value */
function offerParagraph(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(new Option(`第 ${value} 段`, value));
}

/** @param {HTMLElement} list */
export function items(list) {
  return /** @type {HTMLElement[]} */ ([...list.children]);
}

/** 在列表末尾加一项。 @param {HTMLElement} list */
export function addItem(list) {
  const form = /** @type {HTMLElement} */ (list.closest("form"));
  const template = /** @type {HTMLTemplateElement} */ (form.querySelector(`template[data-template="${list.dataset.list}"]`));
  const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  list.append(item);
  nameControls(item);
  return item;
}

/** 给一项里的各格编号，把说明与错误连到格上；不在列表里的由构建编好。 @param {HTMLElement} container */
function nameControls(container) {
  for (const field of container.querySelectorAll(".mj-field")) {
    const control = field.querySelector("[data-field]");
    if (!control || control.id) continue;
    control.id = `mj-item-${(count += 1)}`;
    const notes = [...field.querySelectorAll(".mj-field__hint, .mj-field__error")];
    for (const [i, note] of notes.entries()) note.id = `${control.id}-${i}`;
    control.setAttribute("aria-describedby", notes.map(({ id }) => id).join(" "));
  }
}

/** 路径（如 `rounds.0.asked.1.topic`）所指的一格。 @param {HTMLFormElement} form @param {string} at */
export function findControl(form, at) {
  const parts = at.split(".");
  let container = /** @type {HTMLElement} */ (form);
  while (parts.length > 1) {
    const list = own(container, `[data-list="${parts.shift()}"]`)[0];
    container = items(list)[Number(parts.shift())];
  }
  return /** @type {Control} */ (own(container, `[data-field="${parts[0]}"]`)[0]);
}

/** 一项的某一格。 @param {HTMLElement} container @param {string} name */
export function ownControl(container, name) {
  return /** @type {Control | undefined} */ (own(container, `[data-field="${name}"]`)[0]);
}

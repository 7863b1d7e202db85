/** 表单的全部动作：增减与次序、草稿、随时检查、预览、提交。 */
import { button } from "../button.js";
import { closest } from "./closest.js";
import { addItem, changedControls, fillForm, findControl, items, ownControl, readBlank, readForm } from "./fields.js";
import { copyText, downloadMarkdown, showReady } from "./output.js";
import { renderPreview } from "./preview.js";
import { completeDraft, nameFile, readParagraphs, writeCompany, writeRecord } from "./record.js";
import { describeControl, describeItem, labelItems, nextIndex, numberRounds, storyOf } from "./rows.js";
import { checkDraft } from "./rules.js";

/** @typedef {import("./record.js").Rules} Rules */
/** @typedef {import("./record.js").Draft} Draft */
/** @typedef {import("./rules.js").Problem} Problem */
/** @typedef {import("./fields.js").Control} Control */

export class Panel {
  /**
   * @param {HTMLFormElement} form 读者也许已经填了几格
   * @param {Rules} rules
   * @param {{kept: any, keep: (draft: Draft | null) => string}} store 上次没有写完的；存一份草稿（null 是不留），返回没有存成的原因
   */
  constructor(form, rules, { kept, keep }) {
    this.form = form;
    this.rules = rules;
    this.keep = keep;
    /** 动过的格：没动过的先不说它错。 @type {WeakSet<Element>} */
    this.touched = new WeakSet();
    this.submitted = false;
    this.unsaved = false;
    this.pressing = this.waiting = false;
    this.status = this.part("[data-form-status]");
    /** @type {any} 空白的表单。 */
    this.blank = readBlank(form);
    const typed = changedControls(form);
    for (const control of typed) if (control !== document.activeElement) this.touched.add(control);
    if (kept) {
      fillForm(form, kept);
      this.say("接着上次没有写完的");
    }
    form.addEventListener("input", () => this.update(true));
    form.addEventListener("change", (event) => this.touch(/** @type {Element} */ (event.target)));
    form.addEventListener("click", (event) => this.click(/** @type {Element} */ (event.target)));
    form.addEventListener("pointerdown", () => {
      this.pressing = true;
    });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, () => this.release());
    form.addEventListener("keydown", (event) => this.press(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.part("[data-preview]").addEventListener("toggle", () => this.showPreview());
    window.addEventListener("beforeunload", (event) => {
      if (this.unsaved && form.isConnected) event.preventDefault();
    });
    /** @type {HTMLButtonElement} */ (this.part("[data-clear]")).disabled = false;
    this.update(typed.length > 0);
  }

  /** @param {string} selector */
  part(selector) {
    return /** @type {HTMLElement} */ (this.form.querySelector(selector));
  }

  /** @param {string} text @param {...Node} more */
  say(text, ...more) {
    this.status.dataset.state = "";
    this.status.replaceChildren(text, ...more);
  }

  /** 按着鼠标或手指时先不动版面：错误冒出来会把正要按的按钮推走。 @param {Element} control */
  touch(control) {
    this.touched.add(control);
    if (this.pressing) this.waiting = true;
    else this.update(false);
  }

  release() {
    this.pressing = false;
    if (!this.waiting) return;
    this.waiting = false;
    setTimeout(() => this.update(false)); // 等这一次的 click 先到
  }

  /** 填的字变了：存草稿，重新检查。 @param {boolean} save */
  update(save) {
    labelItems(this.form);
    this.reveal();
    const typed = readForm(this.form);
    if (save) this.save(typed);
    this.draft = completeDraft(typed, this.rules);
    this.problems = checkDraft(this.draft, this.rules, thisMonth());
    this.showProblems();
    this.showCompany(typed);
    const record = writeRecord(this.draft, this.rules);
    const changed = record !== this.text;
    if (changed) /** @type {HTMLTextAreaElement} */ (this.part("[data-form-text]")).value = record;
    if (changed && !this.part("[data-form-ready]").hidden) this.showOutcome();
    this.showPreview();
  }

  /** @param {Draft} typed */
  save(typed) {
    const reason = this.keep(JSON.stringify(typed) === JSON.stringify(this.blank) ? null : typed);
    this.unsaved = reason !== "";
    if (!reason) return;
    this.say(`${reason}：离开这一页之前请复制或下载`);
    this.status.dataset.state = "fault";
  }

  /** 只在用到时露面的几格。 */
  reveal() {
    const value = (/** @type {string} */ name) => ownControl(this.form, name)?.value.trim() ?? "";
    this.part("[data-year]").hidden = /^[0-9]{4}-[0-9]{2}$/.test(value("start"));
    this.part("[data-pay]").hidden = value("pay_kind") === "";
  }

  /** 每一格的错误；只有一段时不必选段落，除非那里有错。 */
  showProblems() {
    /** @type {Map<Control, string[]>} */
    const found = new Map();
    for (const { at, message } of this.problems ?? []) {
      const control = findControl(this.form, at);
      found.set(control, [...(found.get(control) ?? []), message]);
    }
    for (const control of /** @type {NodeListOf<Control>} */ (this.form.querySelectorAll("[data-field]"))) {
      const field = /** @type {HTMLElement} */ (control.closest(".mj-field"));
      const messages = this.isShown(control) ? (found.get(control) ?? []) : [];
      const place = /** @type {HTMLElement} */ (field.querySelector(".mj-field__error"));
      if (place.textContent !== messages.join("\n")) place.textContent = messages.join("\n");
      place.hidden = !messages.length;
      if (messages.length) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
      if (field.matches("[data-paragraph]")) field.hidden = /** @type {HTMLSelectElement} */ (control).options.length < 2 && !messages.length;
    }
    const summary = this.part("[data-form-summary]");
    if (!summary.hidden) this.showSummary();
  }

  /** @param {Control} control */
  isShown(control) {
    if (this.submitted || this.touched.has(control)) return true;
    const list = /** @type {HTMLElement | null} */ (control.closest("[data-list]"));
    if (control.dataset.field === "paragraph" && list) return this.touched.has(storyOf(list));
    return control.dataset.field === "year" && this.touched.has(/** @type {Control} */ (ownControl(this.form, "start")));
  }

  /** 公司表里没有的公司，请人补一个键。 @param {Draft} typed */
  showCompany(typed) {
    const { draft } = this;
    const place = this.part("[data-new-company]");
    place.hidden = !draft?.company_name;
    if (place.hidden) return;
    const near = closest(typed.company.toLowerCase(), Object.keys(this.rules.company_names));
    const hint = near ? `最接近的是「${this.rules.companies[this.rules.company_names[near]]}」：是它就改上面的名称；不是，` : "";
    this.part("[data-new-company-note]").textContent = `公司表里还没有「${typed.company}」。${hint}就在这里加一家。`;
  }

  /** @param {Element} target */
  click(target) {
    const pressed = /** @type {HTMLElement | null} */ (target.closest("button"));
    if (!pressed) return;
    const item = /** @type {HTMLElement} */ (pressed.closest("[data-item]"));
    if (pressed.dataset.add) this.add(/** @type {HTMLElement} */ (pressed.parentElement?.querySelector(`:scope > [data-list="${pressed.dataset.add}"]`)));
    else if (pressed.dataset.move) this.move(item, Number(pressed.dataset.move), pressed);
    else if (pressed.hasAttribute("data-remove")) this.remove(item);
    else if (pressed.hasAttribute("data-clear")) this.clear();
    else if (pressed.hasAttribute("data-copy")) copyText(this.text, "全文").then((text) => this.sayFile(text));
    else if (pressed.hasAttribute("data-download")) {
      downloadMarkdown(this.fileName, this.text);
      this.sayFile(`下载的是 ${this.fileName}`);
    }
  }

  /** @param {string} text */
  sayFile(text) {
    const count = this.problems?.length ?? 0;
    this.part("[data-file-status]").textContent = count ? `${text}；还有 ${count} 处要改，不改 PR 上的检查不会通过` : text;
  }

  /** 上移、下移的按钮上，方向键也能移。 @param {KeyboardEvent} event */
  press(event) {
    const pressed = /** @type {HTMLElement} */ (event.target);
    if (!pressed.dataset.move || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    this.move(/** @type {HTMLElement} */ (pressed.closest("[data-item]")), event.key === "ArrowUp" ? -1 : 1, pressed);
  }

  /** @param {HTMLElement} list */
  add(list) {
    const name = list.dataset.list ?? "";
    const index = name === "rounds" ? nextIndex(list) : "";
    const item = addItem(list);
    if (index) {
      fillForm(item, { index });
    } else {
      const count = readParagraphs(storyOf(list).value).length;
      fillForm(item, { paragraph: String(Math.max(1, count)) });
    }
    this.update(true);
    /** @type {HTMLElement | null} */ (item.querySelector("[data-field]"))?.focus();
    this.say(`加了${describeItem(name, items(list).length - 1)}`);
  }

  /** @param {HTMLElement} item @param {number} step @param {HTMLElement} pressed */
  move(item, step, pressed) {
    const list = /** @type {HTMLElement} */ (item.parentElement);
    const order = items(list);
    const from = order.indexOf(item);
    const to = from + step;
    if (to < 0 || to >= order.length) {
      this.say(step < 0 ? "已经在最前面" : "已经在最后面");
      return;
    }
    if (step < 0) order[to].before(item);
    else order[to].after(item);
    const name = list.dataset.list ?? "";
    if (name === "rounds") numberRounds(list);
    this.update(true);
    pressed.focus();
    this.say(`${describeItem(name, from)}移到了${describeItem(name, to)}${name === "rounds" ? "，编号跟着变了" : ""}`);
  }

  /** @param {HTMLElement} item */
  remove(item) {
    const before = readForm(this.form);
    const list = /** @type {HTMLElement} */ (item.parentElement);
    const name = list.dataset.list ?? "";
    const place = items(list).indexOf(item);
    item.remove();
    if (name === "rounds") numberRounds(list);
    this.update(true);
    const undo = button("撤销", () => this.restore(before));
    this.say(`删掉了${describeItem(name, place)} `, undo);
    undo.focus();
  }

  clear() {
    const before = readForm(this.form);
    fillForm(this.form, this.blank);
    this.touched = new WeakSet();
    this.submitted = false;
    for (const selector of ["[data-form-summary]", "[data-form-ready]"]) this.part(selector).hidden = true;
    this.update(true);
    this.say("清空了 ", button("撤销", () => this.restore(before)));
  }

  /** @param {Draft} draft */
  restore(draft) {
    fillForm(this.form, /** @type {any} */ (draft));
    this.update(true);
    this.say("你写的回来了");
    this.part("[data-clear]").focus();
  }

  showPreview() {
    const place = /** @type {HTMLDetailsElement} */ (this.part("[data-preview]"));
    if (place.open && this.draft) place.querySelector(".mj-form-page")?.replaceChildren(renderPreview(this.draft, this.rules));
  }

  get text() {
    return /** @type {HTMLTextAreaElement} */ (this.part("[data-form-text]")).value;
  }

  get fileName() {
    return `${this.draft ? nameFile(this.draft, this.rules) : "experience"}.md`;
  }

  submit() {
    this.submitted = true;
    this.update(false);
    this.showOutcome();
    const place = this.part(this.problems?.length ? "[data-form-summary]" : "[data-form-ready]");
    place.focus();
    place.scrollIntoView({ block: "start" });
  }

  /** 有问题列问题，没有问题说怎么提交。 */
  showOutcome() {
    const right = !this.problems?.length;
    const ready = this.part("[data-form-ready]");
    ready.hidden = !right;
    this.part("[data-form-summary]").hidden = right;
    if (!right) this.showSummary();
    else if (this.draft) {
      showReady(ready, { repository: this.rules.repository, name: this.fileName, text: this.text, company: writeCompany(this.draft, this.rules) });
    }
  }

  showSummary() {
    const summary = this.part("[data-form-summary]");
    const problems = this.problems ?? [];
    const title = document.createElement("h3");
    title.textContent = problems.length ? `还有 ${problems.length} 处要改` : "都改好了，再点一次「检查并提交」";
    const list = document.createElement("ul");
    for (const { at, code, message } of problems) {
      const row = document.createElement("li");
      row.append(button(describeControl(this.form, at), () => this.goTo(at)), `：${message} `, Object.assign(document.createElement("code"), { textContent: code }));
      list.append(row);
    }
    summary.replaceChildren(title, list);
  }

  /** @param {string} at */
  goTo(at) {
    const control = findControl(this.form, at);
    control.focus();
    control.scrollIntoView({ block: "center" });
  }
}

/** 本机的这个月，`YYYY-MM`。 */
function thisMonth() {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}`;
}

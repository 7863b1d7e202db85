/** 贡献面经的表单：先露面，读者动了手才取检查与规则。没有取到时写的还在格里，原来的说明（模板、issue 表单）放出来。 */
import { readJson } from "./read_json.js";
import { missBox } from "./state_box.js";
import { readStored, writeStored } from "./storage.js";

const KEY = "experience-draft";
/** 动了手：点到、按到、填了。 */
const TOUCHES = ["focusin", "pointerdown", "input"];

export function enhance() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-experience-form='']"));
  if (!form) return;
  form.dataset.experienceForm = "waiting";
  new Entrance(form);
}

/** 检查到之前的表单：填的都在格里，按的先记着。 */
class Entrance {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.status = /** @type {HTMLElement} */ (form.querySelector("[data-form-status]"));
    this.fallback = /** @type {HTMLElement} */ (document.querySelector("[data-form-fallback]"));
    this.kept = readStored(KEY);
    this.loading = false;
    /** 还做不了的：检查到了接着做，按了几次都做一次。 @type {Set<HTMLButtonElement>} */
    this.pressed = new Set();
    this.waiting = new AbortController();
    const { signal } = this.waiting;
    for (const name of TOUCHES) form.addEventListener(name, () => this.start(), { signal, once: true });
    form.addEventListener("click", (event) => this.press(event), { signal });
    form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    addEventListener("beforeunload", (event) => this.leave(event), { signal });
    if (this.kept) this.start();
    else this.show();
    if (this.isTyped()) this.start(); // 浏览器刷新后留在格里的
  }

  show() {
    delete this.form.dataset.failed;
    this.form.hidden = false;
    this.fallback.hidden = true;
  }

  async start() {
    if (this.loading) return;
    this.loading = true;
    try {
      const [{ Panel }, rules] = await Promise.all([import("./contribute/panel.js"), readJson(this.form.dataset.rules ?? "")]);
      this.waiting.abort();
      this.status.replaceChildren();
      new Panel(this.form, rules, { kept: this.kept, keep: (draft) => writeStored(KEY, draft) });
      this.show();
      for (const button of this.pressed) button.click();
    } catch (error) {
      console.warn("表单的检查与规则没有取到", error);
      this.loading = false;
      this.form.dataset.failed = "";
      this.fallback.hidden = false;
      const kept = this.form.hidden ? "" : "填的还在下面的格里，离开这一页就没有了。";
      this.fallback.firstElementChild?.replaceWith(missBox("表单要用的规则", error, () => this.start(), `${kept}不用表单也能投稿：`));
      if (this.pressed.size) this.status.textContent = "没有做成：表单要用的规则没有取到，到最上面再取一次";
    }
  }

  /** @param {MouseEvent} event */
  press(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    event.preventDefault();
    this.pressed.add(button);
    this.status.textContent = "正在取表单要用的规则，到了就接着做";
    this.start();
  }

  /** @param {Event} event */
  leave(event) {
    if (this.form.isConnected && this.isTyped()) event.preventDefault();
  }

  isTyped() {
    const controls = /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */ (this.form.querySelectorAll(":is(input, textarea)[data-field]"));
    return [...controls].some(({ value, defaultValue }) => value !== defaultValue);
  }
}

/** 页面上的一格：代码、按钮、编辑器、结果。 */
import { button } from "../button.js";
import { fingerprint } from "./notebook.js";

/** @typedef {import("@codemirror/view").EditorView} EditorView */
/** @typedef {import("./panel.js").Panel} Panel */

export class CellView {
  /** @param {HTMLElement} block @param {Panel} panel */
  constructor(block, panel) {
    this.block = block;
    this.panel = panel;
    this.number = Number(block.dataset.cell);
    this.original = (block.querySelector("code")?.textContent ?? "").replace(/\n$/, "");
    this.built = builtOutputs(block);
    /** @type {EditorView | undefined} */
    this.editor = undefined;
    this.runButton = button("运行", () => this.panel.run(this.number));
    this.runButton.setAttribute("aria-label", `运行第 ${this.number} 格`);
    this.editButton = button("编辑", () => this.edit());
    this.editButton.setAttribute("aria-label", `编辑第 ${this.number} 格`);
    this.restoreButton = button("还原", () => this.discard());
    this.restoreButton.setAttribute("aria-label", `还原第 ${this.number} 格`);
    this.restoreButton.hidden = true;
    this.note = document.createElement("span");
    this.result = document.createElement("div");
    this.result.className = "mj-cell-result";
    this.result.hidden = true;
    const bar = document.createElement("div");
    bar.className = "mj-cell-bar";
    const number = document.createElement("span");
    number.textContent = `[${this.number}]`;
    bar.append(number, this.runButton, this.editButton, this.restoreButton, this.note);
    block.after(bar, this.result);
  }

  /** 上次的改动还在：原文没有变过就放进编辑器，变过就问。 */
  restoreDraft() {
    const draft = this.panel.notebook.drafts[this.number];
    if (!draft) return;
    this.restoreButton.hidden = false;
    if (draft.of === fingerprint(this.original)) {
      this.edit(draft.text, false);
      return;
    }
    this.note.textContent = "这一格的原文更新过，你以前的改动还留着：";
    this.note.append(button("换上我的改动", () => this.edit(draft.text)));
  }

  /** @param {string} [text] @param {boolean} [focus] */
  async edit(text = this.original, focus = true) {
    if (this.editor) {
      this.editor.focus();
      return;
    }
    this.editButton.disabled = true;
    try {
      const { createEditor } = await import("../editor.js");
      this.editor = createEditor({
        text,
        label: `第 ${this.number} 格的代码`,
        onChange: (now) => this.change(now),
        onRun: () => this.panel.run(this.number),
      });
      this.block.hidden = true;
      this.block.after(this.editor.dom);
      this.editor.dom.classList.add("mj-cell-editor");
      this.editButton.hidden = true;
      this.note.textContent = "";
      if (text !== this.original) this.change(text);
      if (focus) this.editor.focus();
    } catch (error) {
      this.note.textContent = "编辑器没有取到，检查网络后再点一次";
      console.warn(error);
    } finally {
      this.editButton.disabled = false;
    }
  }

  /** @param {string} text */
  change(text) {
    const draft = text === this.original ? null : { of: fingerprint(this.original), text };
    this.note.textContent = this.panel.notebook.keep(this.number, draft);
    this.restoreButton.hidden = !draft;
    this.panel.showReset();
  }

  /** 还原这一格；改动可以撤销。 */
  discard() {
    const draft = this.panel.notebook.drafts[this.number];
    this.panel.notebook.keep(this.number, null);
    this.restoreOriginal();
    this.panel.showReset();
    if (!draft) return;
    this.note.textContent = "还原了 ";
    this.note.append(button("撤销", () => (this.panel.notebook.keep(this.number, draft), this.restoreDraft(), this.panel.showReset())));
  }

  restoreOriginal() {
    this.editor?.destroy();
    this.editor = undefined;
    this.block.hidden = false;
    this.editButton.hidden = false;
    this.restoreButton.hidden = true;
    this.note.textContent = "";
    this.clear();
    this.result.hidden = true;
    for (const one of this.built) one.hidden = false;
  }

  clear() {
    this.result.replaceChildren();
    this.printed = "";
    /** @type {{kind: string, node: Text} | undefined} */
    this.tail = undefined;
  }

  printed = "";

  /** @param {string} kind @param {string} text */
  add(kind, text) {
    this.showResult();
    if (kind === "figure") {
      const image = document.createElement("img");
      image.className = "mj-figure";
      image.alt = "你这次运行画出的图";
      image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
      image.onload = () => URL.revokeObjectURL(image.src);
      this.result.append(image);
      this.tail = undefined;
      return;
    }
    if (kind === "stdout") this.printed += text;
    if (this.tail?.kind === kind) this.tail.node.appendData(text);
    else {
      const node = document.createTextNode(text);
      this.tail = { kind, node };
      const pre = document.createElement("pre");
      pre.className = `mj-cell-${kind}`;
      pre.append(node);
      this.result.append(pre);
    }
  }

  showResult() {
    this.result.hidden = false;
    for (const one of this.built) one.hidden = true;
  }

  finish() {
    const before = this.built.filter((one) => one.matches(".mj-output")).map((one) => one.textContent ?? "").join("");
    const same = before.trim() === this.printed.trim();
    const label = document.createElement("p");
    label.className = "mj-note";
    if (this.panel.notebook.drafts[this.number]) label.textContent = this.result.childElementCount ? "改动后的结果" : "运行完了，没有输出";
    else if (same) label.textContent = "✓ 与构建时的输出相同";
    else label.textContent = "与构建时的输出不同：前面的格子改过，或变量被改动过";
    this.showResult();
    this.result.append(label);
  }

  /** @param {string} text @param {import("../python/runtime.js").PythonError} error */
  fail(text, error) {
    this.showResult();
    const pre = document.createElement("pre");
    pre.className = "mj-cell-error";
    pre.textContent = error.trace ? `${error.trace.trimEnd()}` : text;
    this.result.append(pre);
    if (this.editor && error.line !== null) {
      const { line } = error;
      const { editor } = this;
      import("../editor.js").then(({ goToLine }) => goToLine(editor, line));
    }
    this.result.scrollIntoView({ block: "nearest" });
  }
}

/** 紧跟在代码后面、构建时就有的输出与图。 @param {HTMLElement} block */
function builtOutputs(block) {
  /** @type {HTMLElement[]} */
  const found = [];
  for (let next = block.nextElementSibling; next instanceof HTMLElement; next = next.nextElementSibling) {
    if (!next.matches(".mj-output") && !next.querySelector(":scope > img.mj-figure")) break;
    found.push(next);
  }
  return found;
}

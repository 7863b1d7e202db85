/**
 * 推导页的运行与编辑：每格 运行、编辑、还原，全本 全部运行、停止、重置。
 *
 * 变量在线程里，按本分开；运行一格之前，先补跑它前面还没有运行过的。改动只记在本机。
 */
import { PythonLost, PythonRuntime } from "./python/runtime.js";
import { readStored, writeStored } from "./storage.js";

/** @typedef {{number: number, source: string, oracle: boolean, figure: boolean}} Cell */
/** @typedef {import("@codemirror/view").EditorView} EditorView */
/** @typedef {{of: string, text: string}} Draft of 是改动时原文的指纹 */

const RUNTIME = new URL("../pyodide/", import.meta.url).href;

/** 一本推导的状态；即时换页时留着，所以换到下一部分不用从头再跑。 */
class Notebook {
  /** @param {string} key @param {string} address */
  constructor(key, address) {
    this.key = key;
    this.address = address;
    /** @type {Promise<Cell[]> | undefined} */
    this.loading = undefined;
    /** @type {Set<number>} */
    this.ran = new Set();
    this.life = -1;
    /** @type {Record<string, Draft>} */
    this.drafts = readStored(`cells.${key}`) ?? {};
  }

  /** 全部代码格；取不到时抛错，再调用就是重试。 */
  cells() {
    this.loading ??= fetch(this.address)
      .then((response) => {
        if (!response.ok) throw new Error(`服务器回答 ${response.status}`);
        return response.json();
      })
      .catch((error) => {
        this.loading = undefined;
        throw new PythonLost(`这一本的代码没有取到：${error.message}`);
      });
    return this.loading;
  }

  /** 这一格现在的代码：有改动、原文又没有变过，就是改动。 @param {Cell} cell */
  source(cell) {
    const draft = this.drafts[cell.number];
    return draft && draft.of === fingerprint(cell.source) ? draft.text : cell.source;
  }

  /** @param {number} number @param {Draft | null} draft @returns 没有存成的原因 */
  keep(number, draft) {
    if (draft) this.drafts[number] = draft;
    else delete this.drafts[number];
    this.ran.delete(number);
    return writeStored(`cells.${this.key}`, Object.keys(this.drafts).length ? this.drafts : null);
  }
}

/** 文字的指纹（FNV-1a）：原文更新过就看得出来。 @param {string} text */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length}.${(hash >>> 0).toString(36)}`;
}

/** @type {Map<string, Notebook>} */
const notebooks = new Map();
/** @type {PythonRuntime | undefined} */
let runtime;
/** @type {Panel | undefined} 当前页的 */
let panel;

export function enhance() {
  const bar = /** @type {HTMLElement | null} */ (document.querySelector(".mj-run"));
  if (!bar || bar.childElementCount) return;
  const key = bar.dataset.notebook ?? "";
  const address = new URL(bar.dataset.cells ?? "", location.href).href;
  if (!notebooks.has(key)) notebooks.set(key, new Notebook(key, address));
  panel = new Panel(bar, /** @type {Notebook} */ (notebooks.get(key)), bar.dataset.python === "absent");
}

/** @param {string} label @param {() => void} act */
function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

/** 一页上的按钮、状态行与各格。 */
class Panel {
  /** @param {HTMLElement} bar @param {Notebook} notebook @param {boolean} absent 这次构建没有带上 Python */
  constructor(bar, notebook, absent) {
    this.notebook = notebook;
    this.status = document.createElement("p");
    this.status.setAttribute("role", "status");
    this.runAll = button("全部运行", () => this.run(null));
    this.stopButton = button("停止", () => runtime?.stop("停下了"));
    this.resetButton = button("重置", () => this.reset());
    this.stopButton.disabled = true;
    bar.append(this.runAll, this.stopButton, this.resetButton, this.status);
    bar.hidden = false;
    /** @type {Map<number, CellView>} */
    this.views = new Map();
    for (const block of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".mj-cell[data-cell]"))) {
      if (block.previousElementSibling?.matches(".mj-oracle")) continue;
      const view = new CellView(block, this);
      this.views.set(view.number, view);
    }
    if (absent) {
      this.say("这份站点没有带上浏览器里的 Python，不能运行；编辑照常。本地：先 make assets 再构建");
      for (const one of [this.runAll, ...[...this.views.values()].map((view) => view.runButton)]) one.disabled = true;
    }
    for (const view of this.views.values()) view.restoreDraft();
    this.showReset();
  }

  /** @param {string} text */
  say(text) {
    this.status.textContent = text;
  }

  /** @param {import("./python/runtime.js").Progress} progress */
  onProgress({ type, loaded = 0, total = 1 }) {
    if (type === "progress") this.say(`正在取 Python：${(loaded / 1e6).toFixed(1)} / ${(total / 1e6).toFixed(1)} MB（只有第一次要取）`);
    else if (type === "starting") this.say("正在启动 Python …");
    else this.say(this.doing);
  }

  doing = "";

  /** 运行到第 number 格为止还没有运行过的，再运行它；null 是从头运行全部。 @param {number | null} number */
  async run(number) {
    if (this.busy) return;
    this.setBusy(true);
    try {
      await this.runCells(number);
    } catch (error) {
      if (!(error instanceof PythonLost)) throw error;
      this.say(`${error.message}。变量都没有了，再点运行会从头补跑${navigator.onLine ? "" : "；现在没有网络"}`);
    } finally {
      this.setBusy(false);
    }
  }

  /** @param {number | null} number */
  async runCells(number) {
    const { notebook } = this;
    runtime ??= new PythonRuntime(RUNTIME, (progress) => panel?.onProgress(progress));
    this.say("正在准备 …");
    const cells = (await notebook.cells()).filter((cell) => !cell.oracle);
    await runtime.start();
    if (number === null || notebook.life !== runtime.life) {
      runtime.reset(notebook.key);
      notebook.ran.clear();
      notebook.life = runtime.life;
    }
    const todo = cells.filter((cell) => number === null || cell.number === number || (cell.number < number && !notebook.ran.has(cell.number)));
    for (const [done, cell] of todo.entries()) {
      this.doing = todo.length > 1 ? `正在运行第 ${cell.number} 格（${done + 1}/${todo.length}）…` : `正在运行第 ${cell.number} 格 …`;
      this.say(this.doing);
      const view = this.views.get(cell.number);
      view?.clear();
      const error = await runtime.run({
        source: notebook.source(cell),
        name: `第 ${cell.number} 格`,
        space: notebook.key,
        figure: cell.figure || /\bmatplotlib\b/.test(notebook.drafts[cell.number]?.text ?? ""),
        onOutput: (kind, text) => view?.add(kind, text),
      });
      if (error) {
        this.fail(cell, view, error);
        return;
      }
      notebook.ran.add(cell.number);
      view?.finish();
    }
    this.say(todo.length > 1 ? `运行了 ${todo.length} 格，断言全部通过` : `第 ${todo[0]?.number} 格运行完了`);
  }

  /** @param {Cell} cell @param {CellView | undefined} view @param {import("./python/runtime.js").PythonError} error */
  fail(cell, view, error) {
    this.notebook.ran.delete(cell.number);
    const line = error.line === null ? "" : `第 ${error.line} 行`;
    const text =
      error.kind === "TimeIsUp"
        ? `第 ${cell.number} 格${line}：运行超过时限，停下了；变量还在`
        : `第 ${cell.number} 格${line}：${error.kind}${error.message ? `：${error.message.split("\n")[0]}` : ""}`;
    this.say(view ? text : `${text}（在前面的部分）`);
    view?.fail(text, error);
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.busy = busy;
    this.stopButton.disabled = !busy;
    this.runAll.disabled = busy;
    for (const view of this.views.values()) view.runButton.disabled = busy;
  }

  busy = false;

  /** 丢掉全部改动与结果；改动另存一份，可以撤销。 */
  reset() {
    const { notebook } = this;
    const kept = { ...notebook.drafts };
    for (const number of Object.keys(kept)) notebook.keep(Number(number), null);
    for (const view of this.views.values()) view.restoreOriginal();
    notebook.ran.clear();
    runtime?.reset(notebook.key);
    this.say(Object.keys(kept).length ? "改动与运行结果都还原了。" : "运行结果都还原了。");
    if (Object.keys(kept).length) {
      this.status.append(
        button("撤销", () => {
          for (const [number, draft] of Object.entries(kept)) notebook.keep(Number(number), draft);
          for (const view of this.views.values()) view.restoreDraft();
          this.showReset();
          this.say("改动都回来了");
        }),
      );
    }
    this.showReset();
  }

  showReset() {
    const edited = Object.keys(this.notebook.drafts).length;
    this.resetButton.textContent = edited ? `重置（改过 ${edited} 格）` : "重置";
  }
}

/** 页面上的一格：代码、按钮、结果。 */
class CellView {
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
      const { createEditor } = await import("./editor.js");
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
    if (!this.result.childElementCount) {
      this.result.hidden = this.built.length === 0;
      for (const one of this.built) one.hidden = true;
    }
    const same = before.trim() === this.printed.trim();
    const label = document.createElement("p");
    label.className = "mj-note";
    if (this.panel.notebook.drafts[this.number]) label.textContent = this.result.childElementCount ? "改动后的结果" : "运行完了，没有输出";
    else if (same) label.textContent = "✓ 与构建时的输出相同";
    else label.textContent = "与构建时的输出不同：前面的格子改过，或变量被改动过";
    this.result.hidden = false;
    this.result.append(label);
  }

  /** @param {string} text @param {import("./python/runtime.js").PythonError} error */
  fail(text, error) {
    this.showResult();
    const pre = document.createElement("pre");
    pre.className = "mj-cell-error";
    pre.textContent = error.trace ? `${error.trace.trimEnd()}` : text;
    this.result.append(pre);
    if (this.editor && error.line !== null) {
      const { line } = error;
      const { editor } = this;
      import("./editor.js").then(({ goToLine }) => goToLine(editor, line));
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

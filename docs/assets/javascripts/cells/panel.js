/** 一页上的运行条：全部运行、停止、重置、状态行。变量在线程里，按本分开。 */
import { button } from "../button.js";
import { PythonLost } from "../python/runtime.js";
import { ABSENT, describeLoss, sharedPython } from "../python/shared.js";
import { RunStatus } from "../python/status.js";
import { CellView } from "./view.js";

/** @typedef {import("./notebook.js").Cell} Cell */
/** @typedef {import("./notebook.js").Notebook} Notebook */

export class Panel {
  /** @param {HTMLElement} bar @param {Notebook} notebook */
  constructor(bar, notebook) {
    this.notebook = notebook;
    this.seconds = Number(bar.dataset.seconds);
    this.status = new RunStatus();
    this.runAll = button("全部运行", () => this.run(null));
    this.python = sharedPython((progress) => this.status.follow(progress, this.doing));
    this.stopButton = button("停止", () => this.python.stop("停下了"));
    this.resetButton = button("重置", () => this.reset());
    this.stopButton.disabled = true;
    bar.append(this.runAll, this.stopButton, this.resetButton, this.status.element);
    bar.hidden = false;
    /** @type {Map<number, CellView>} */
    this.views = new Map();
    for (const block of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".mj-cell[data-cell]"))) {
      if (block.previousElementSibling?.matches(".mj-oracle")) continue;
      const view = new CellView(block, this);
      this.views.set(view.number, view);
    }
    if (bar.dataset.python === "absent") {
      this.status.say(ABSENT, "empty");
      for (const one of [this.runAll, ...[...this.views.values()].map((view) => view.runButton)]) one.disabled = true;
    }
    for (const view of this.views.values()) view.restoreDraft();
    this.showReset();
  }

  /** @param {string} text */
  say(text) {
    this.status.say(text);
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
      this.status.say(describeLoss(error), "fault");
    } finally {
      this.setBusy(false);
    }
  }

  /** @param {number | null} number */
  async runCells(number) {
    const { notebook } = this;
    this.say("正在准备 …");
    const cells = (await notebook.cells()).filter((cell) => !cell.oracle);
    await this.python.start();
    if (number === null || notebook.life !== this.python.life) {
      this.python.reset(notebook.key);
      notebook.ran.clear();
      notebook.life = this.python.life;
    }
    const todo = cells.filter((cell) => number === null || cell.number === number || (cell.number < number && !notebook.ran.has(cell.number)));
    for (const [done, cell] of todo.entries()) {
      this.doing = todo.length > 1 ? `正在运行第 ${cell.number} 格（${done + 1}/${todo.length}）…` : `正在运行第 ${cell.number} 格 …`;
      this.say(this.doing);
      const view = this.views.get(cell.number);
      view?.clear();
      const error = await this.python.run({
        source: notebook.source(cell),
        name: `第 ${cell.number} 格`,
        space: notebook.key,
        seconds: this.seconds,
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

  /** @param {Cell} cell @param {CellView | undefined} view @param {import("../python/runtime.js").PythonError} error */
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
    this.python.reset(notebook.key);
    this.say(Object.keys(kept).length ? "改动与运行结果都还原了。" : "运行结果都还原了。");
    if (Object.keys(kept).length) {
      this.status.line.append(
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

/** 一道手写题的作答区：编辑器、运行、提交、提示、参考答案、计时、待复习。写下的随时记在本机。 */
import { button } from "../button.js";
import { once } from "../once.js";
import { PythonLost, PythonMissing } from "../python/runtime.js";
import { ABSENT, describeLoss, sharedPython } from "../python/shared.js";
import { RunStatus } from "../python/status.js";
import { readJson } from "../read_json.js";
import { describeRecord, readRecord, writeRecord } from "./record.js";
import { Results } from "./results.js";

/** @typedef {import("@codemirror/view").EditorView} EditorView */
/** @typedef {{starter: string, reference: string, tests: string, mutants: {old: string, new: string, why: string}[]}} Exercise */

export class Workbench {
  /** @param {HTMLElement} area */
  constructor(area) {
    this.key = area.dataset.exercise ?? "";
    this.title = area.dataset.title ?? "";
    this.seconds = Number(area.dataset.seconds);
    this.record = readRecord(this.key);
    this.starterBlock = /** @type {HTMLElement} */ (document.querySelector(".mj-starter"));
    this.starter = (this.starterBlock.querySelector("code")?.textContent ?? "").replace(/\n$/, "");
    /** 题的测试与参考答案；取不到时抛错，再点就是重试。 @type {() => Promise<Exercise>} */
    this.load = once(() =>
      readJson("exercise.json").catch((error) => {
        throw new PythonMissing(`这道题的测试没有取到：${error.message}`);
      }),
    );
    /** @type {EditorView | undefined} */
    this.editor = undefined;
    this.python = sharedPython((progress) => this.status.follow(progress, "正在运行 …"));

    this.status = new RunStatus();
    this.clock = document.createElement("span");
    this.clock.className = "mj-clock";
    const place = document.createElement("div");
    place.className = "mj-cell-result";
    this.results = new Results(place);
    this.runButton = button("运行", () => this.run());
    this.submitButton = button("提交", () => this.submit());
    this.stopButton = button("停止", () => this.python.stop("停下了"));
    this.stopButton.disabled = true;
    this.resetButton = button("重写", () => this.startOver());
    this.timerButton = button("", () => this.toggleTimer());
    this.reviewButton = button("", () => this.toggleReview());
    const bar = document.createElement("div");
    bar.className = "mj-run";
    bar.append(this.runButton, this.submitButton, this.stopButton, button("提示", () => this.reveal(".mj-hint")), button("看参考答案", () => this.showSolution()), this.resetButton, this.timerButton, this.clock, this.reviewButton, this.status.element);
    const open = button("开始写", () => this.edit());
    open.className = "mj-start";
    area.append(open);
    this.openButton = open;
    this.starterBlock.after(bar, place);
    this.starterBlock.addEventListener("click", () => this.edit());
    area.hidden = false;
    if (area.dataset.python === "absent") {
      this.status.say(ABSENT, "empty");
      this.runButton.disabled = this.submitButton.disabled = true;
    }
    this.refresh();
    const ticking = setInterval(() => {
      if (area.isConnected) this.showClock();
      else clearInterval(ticking); // 即时换页走了
    }, 1000);
    if (this.record.text !== undefined) this.edit(false);
  }

  /** @param {string} text */
  say(text) {
    this.status.say(text);
  }

  /** @param {import("./record.js").PracticeRecord} change */
  keep(change) {
    Object.assign(this.record, change);
    for (const [name, value] of Object.entries(this.record)) {
      if (value === undefined) delete (/** @type {Record<string, unknown>} */ (this.record)[name]);
    }
    const reason = writeRecord(this.key, this.record);
    if (reason) this.say(reason);
    this.refresh();
  }

  refresh() {
    this.timerButton.textContent = this.record.started ? "停表" : "计时";
    this.timerButton.setAttribute("aria-pressed", String(Boolean(this.record.started)));
    this.reviewButton.textContent = this.record.review ? "✓ 待复习" : "标为待复习";
    this.reviewButton.setAttribute("aria-pressed", String(Boolean(this.record.review)));
    this.showClock();
    if (!this.status.text) this.say(describeRecord(this.record));
  }

  showClock() {
    const { started, seconds } = this.record;
    const spent = started ? Math.floor((Date.now() - started) / 1000) : seconds;
    this.clock.textContent = spent === undefined ? "" : `${Math.floor(spent / 60)}:${String(spent % 60).padStart(2, "0")}`;
  }

  /** @param {boolean} [focus] */
  async edit(focus = true) {
    if (this.editor) return;
    try {
      const { createEditor } = await import("../editor.js");
      if (this.editor) return;
      this.editor = createEditor({
        text: this.record.text ?? this.starter,
        label: `${this.title}：你的答案`,
        onChange: (text) => this.keep({ text: text === this.starter ? undefined : text }),
        onRun: () => this.submit(),
      });
      this.editor.dom.classList.add("mj-cell-editor");
      this.starterBlock.hidden = this.openButton.hidden = true;
      this.starterBlock.after(this.editor.dom);
      if (focus) this.editor.focus();
    } catch (error) {
      this.status.say("编辑器没有取到，检查网络后再点一次；写过的还在本机", "fault");
      console.warn(error);
    }
  }

  /** 现在的答案。 */
  get source() {
    return this.editor?.state.doc.toString() ?? this.record.text ?? this.starter;
  }

  /** @param {() => Promise<void>} act */
  async busy(act) {
    if (!this.stopButton.disabled) return;
    this.stopButton.disabled = false;
    this.runButton.disabled = this.submitButton.disabled = true;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof PythonLost)) throw error;
      this.results.breakOff(error.message);
      this.status.say(describeLoss(error), "fault");
    } finally {
      this.stopButton.disabled = true;
      this.runButton.disabled = this.submitButton.disabled = false;
    }
  }

  run() {
    return this.busy(async () => {
      this.say("正在准备 …");
      this.results.start([]);
      const error = await this.python.run({
        source: this.source,
        name: "你的答案",
        space: `practice ${this.key}`,
        seconds: this.seconds,
        practice: true,
        onOutput: (kind, text) => this.results.print(kind, text),
      });
      if (error) this.fail(error);
      else this.say("运行完了，没有判；判题用「提交」");
    });
  }

  submit() {
    return this.busy(async () => {
      this.say("正在准备 …");
      const exercise = await this.load();
      let mistake = "";
      const error = await this.python.submit({
        exercise,
        source: this.source,
        seconds: this.seconds,
        onOutput: (kind, text) => {
          if (kind === "cases") this.results.start(JSON.parse(text));
          else if (kind === "case") this.results.add(JSON.parse(text));
          else if (kind === "mistake") mistake = text;
          else this.results.print(kind, text);
        },
      });
      const { passed, items } = this.results;
      if (error) {
        this.keep({ tried: true });
        this.fail(error);
      } else if (passed === items.length) {
        const { started } = this.record;
        const seconds = started ? { seconds: Math.floor((Date.now() - started) / 1000), started: undefined } : {};
        this.keep({ tried: true, passed: true, ...seconds });
        this.say(`全部通过：${items.length} 个测试`);
      } else {
        this.keep({ tried: true });
        this.say(`通过 ${passed} / ${items.length} 个测试`);
        if (mistake) this.results.say("mj-mistake", `和一个已知的错误一模一样：${mistake}`);
      }
    });
  }

  /** @param {import("../python/runtime.js").PythonError} error */
  fail(error) {
    const line = error.line === null ? "" : `第 ${error.line} 行`;
    if (error.kind === "TimeIsUp") {
      this.results.breakOff(`超过 ${this.seconds} 秒`);
      this.say(`你的答案${line}：运行超过 ${this.seconds} 秒，停下了`);
    } else {
      this.say(`你的答案${line}：${error.kind}${error.message ? `：${error.message.split("\n")[0]}` : ""}`);
      this.results.print("error", error.trace);
    }
    const { editor } = this;
    const at = error.line;
    if (editor && at !== null) import("../editor.js").then(({ goToLine }) => goToLine(editor, at));
  }

  /** @param {string} selector */
  reveal(selector) {
    const fold = /** @type {HTMLDetailsElement | null} */ (document.querySelector(`details${selector}`));
    if (!fold) return;
    fold.open = true;
    fold.scrollIntoView({ block: "nearest" });
  }

  showSolution() {
    this.keep({ seen: true });
    this.reveal(".mj-solution");
  }

  /** 回到起始代码；写过的可以撤销。 */
  async startOver() {
    const kept = this.record.text;
    await this.edit();
    const { editor } = this;
    if (!editor || kept === undefined) return;
    const { setText } = await import("../editor.js");
    setText(editor, this.starter);
    this.say("回到起始代码了 ");
    this.status.line.append(button("撤销", () => (setText(editor, kept), this.say("你写的回来了"))));
  }

  toggleTimer() {
    const { started } = this.record;
    this.keep(started ? { started: undefined, seconds: Math.floor((Date.now() - started) / 1000) } : { started: Date.now(), seconds: undefined });
  }

  toggleReview() {
    this.keep({ review: this.record.review ? undefined : true });
  }
}

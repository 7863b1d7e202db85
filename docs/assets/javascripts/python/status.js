/** 运行条里的状态行：一句话；在取时下面有进度，没有成时边上有一道色。 */
import { element } from "../element.js";
import { describeProgress } from "./shared.js";

/** @typedef {"" | "empty" | "fault"} State */

export class RunStatus {
  constructor() {
    this.line = element("p", { role: "status" });
    this.bar = element("progress", { "aria-label": "取 Python 的进度", hidden: true });
    this.element = element("div", { class: "mj-run__status" }, this.line, this.bar);
  }

  get text() {
    return this.line.textContent ?? "";
  }

  /** @param {string} text @param {State} [state] */
  say(text, state = "") {
    this.line.textContent = text;
    this.line.dataset.state = state;
    this.bar.hidden = true;
  }

  /** @param {import("./runtime.js").Progress} progress @param {string} running 已经在运行时的话 */
  follow(progress, running) {
    this.say(describeProgress(progress) || running);
    const { type, loaded = 0, total = 1 } = progress;
    this.bar.hidden = type !== "progress";
    this.bar.max = total;
    this.bar.value = loaded;
  }
}

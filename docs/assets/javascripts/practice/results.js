/** 判题的结果：逐个测试，不过的给出输入、应得与得到。 */

/** @typedef {{name: string, message: string, inputs: string, expected: string, got: string, error: string}} Result */

export class Results {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.list = document.createElement("ol");
    this.list.className = "mj-cases";
    /** @type {HTMLLIElement[]} */
    this.items = [];
    this.done = 0;
    this.passed = 0;
  }

  /** 开始新的一次：测试的名字先都列出来。 @param {string[]} names */
  start(names) {
    this.done = this.passed = 0;
    this.items = names.map((name) => {
      const item = document.createElement("li");
      item.textContent = name;
      return item;
    });
    this.list.replaceChildren(...this.items);
    this.place.replaceChildren(this.list);
  }

  /** @param {Result} result */
  add(result) {
    const item = this.items[this.done++];
    if (!item) return;
    const right = result.message === "";
    this.passed += Number(right);
    item.dataset.state = right ? "right" : "wrong";
    item.textContent = `${right ? "✓" : "✗"} ${result.name}`;
    if (right) return;
    const message = document.createElement("p");
    message.textContent = result.message;
    const details = document.createElement("details");
    details.open = this.done - this.passed === 1;
    const summary = document.createElement("summary");
    summary.textContent = "输入、应得与得到";
    details.append(summary, ...block("输入", result.inputs), ...block("应得", result.expected), ...block("得到", result.got), ...block("出错的地方", result.error));
    item.append(message, details);
  }

  /** 停在第几个测试上。 @param {string} text */
  breakOff(text) {
    const item = this.items[this.done];
    if (item) {
      item.dataset.state = "wrong";
      item.textContent = `✗ ${item.textContent}：${text}`;
    }
  }

  /** @param {string} kind @param {string} text */
  print(kind, text) {
    const last = this.place.lastElementChild;
    if (last?.className === `mj-cell-${kind}`) last.append(text);
    else {
      const pre = document.createElement("pre");
      pre.className = `mj-cell-${kind}`;
      pre.textContent = text;
      this.place.append(pre);
    }
  }

  /** @param {string} className @param {string} text */
  say(className, text) {
    const note = document.createElement("p");
    note.className = className;
    note.textContent = text;
    this.place.prepend(note);
  }
}

/** @param {string} label @param {string} text */
function block(label, text) {
  if (!text) return [];
  const name = document.createElement("span");
  name.textContent = label;
  const pre = document.createElement("pre");
  pre.textContent = text;
  return [name, pre];
}

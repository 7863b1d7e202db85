/** 进度与备份：本机记着的全部，一个文件导出、导入；读不懂的另存着，可以下载。 */
import { button } from "./button.js";
import { downloadText } from "./download.js";
import { element } from "./element.js";
import { countKinds, kindOf, mergeItems, readFile, writeFile } from "./progress/file.js";
import { dropAside, listAside, listStored, readChecked, readText, writeStored } from "./storage.js";
import { onStored, tellStored } from "./stored.js";

const TYPE = "application/json";

export function enhance() {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".mj-progress"))) {
    if (!place.childElementCount) new Progress(place);
  }
}

class Progress {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.status = element("p", { role: "status" });
    this.counts = element("p", { class: "mj-note" });
    this.aside = element("div");
    this.file = element("input", { type: "file", accept: "application/json", hidden: true, "aria-label": "选导出过的进度文件" });
    this.file.addEventListener("change", async () => {
      const chosen = this.file.files?.[0];
      if (chosen) this.bringIn(await chosen.text());
      this.file.value = "";
    });
    const bar = element("div", { class: "mj-run" }, button("导出进度", () => this.takeOut()), button("导入进度", () => this.file.click()), this.file, this.status);
    place.append(element("h2", { id: "mj-backup" }, "进度与备份"), this.counts, bar, this.aside);
    place.hidden = false;
    this.refresh();
    onStored(place, () => this.refresh());
  }

  /** 本机记着的各键；读不懂的另存，不带走。 */
  read() {
    const { keys, note } = listStored();
    /** @type {Record<string, any>} */
    const items = {};
    const notes = note ? [note] : [];
    for (const key of keys) {
      const kind = kindOf(key);
      if (!kind) continue;
      const { value, note: fault } = readChecked(key, kind.check);
      if (fault) notes.push(fault);
      else if (value !== null) items[key] = value;
    }
    return { items, notes };
  }

  refresh() {
    const { items, notes } = this.read();
    const counted = countKinds(Object.keys(items));
    this.counts.textContent = `${counted ? `这台机器上记着：${counted}。` : "这台机器上还没有记下什么。"}换机器、清浏览器之前先导出；导入是合并，各取新的。`;
    if (notes.length) this.status.textContent = notes.join("；");
    const keys = listAside();
    this.aside.replaceChildren();
    if (!keys.length) return;
    const list = element("ul");
    for (const key of keys) {
      const download = button("下载", () => downloadText(`mianjing-${key}.txt`, readText(key), TYPE));
      const drop = button("删掉", () => {
        dropAside(key);
        this.refresh();
        this.status.textContent = `删掉了另存的「${key}」`;
      });
      list.append(element("li", {}, element("code", {}, key), " ", element("span", { class: "mj-run" }, download, drop)));
    }
    this.aside.append(element("div", { class: "mj-study__note", role: "region", "aria-label": "另存的" }, element("p", {}, `有 ${keys.length} 份读不懂的原样另存着，没有丢：`), list));
  }

  takeOut() {
    const { items, notes } = this.read();
    downloadText("mianjing-progress.json", writeFile(items, Date.now()), TYPE);
    this.status.textContent = [...notes, `导出了：${countKinds(Object.keys(items)) || "什么也没有"}`].join("；");
  }

  /** 导入：文件不对就说为什么，什么也不动；并进来的可以撤销。 @param {string} text */
  bringIn(text) {
    const { items: theirs, reason } = readFile(text);
    if (reason) {
      this.status.textContent = `没有导入：${reason}`;
      return;
    }
    const { items: mine } = this.read();
    const changed = mergeItems(mine, theirs);
    const before = Object.keys(changed).map((key) => /** @type {const} */ ([key, mine[key] ?? null]));
    const faults = Object.entries(changed).map(([key, value]) => writeStored(key, value));
    tellStored();
    const fault = faults.find(Boolean);
    const same = Object.keys(theirs).length - before.length;
    const done = countKinds(before.map(([key]) => key));
    this.status.textContent = fault || `${done ? `导入了：${done}` : "没有要导入的新东西"}${same ? `；${same} 项本机的一样新或更新，没有动` : ""} `;
    if (!before.length) return;
    this.status.append(
      button("撤销", () => {
        const wrong = before.map(([key, value]) => writeStored(key, value)).find(Boolean);
        tellStored();
        this.status.textContent = wrong || "撤销了导入";
      }),
    );
  }
}

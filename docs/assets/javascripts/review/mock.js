/** 模拟面试：按公司抽题，限时，自己打分，小结，记进卡片。 */
import { button } from "../button.js";
import { missBox, stateBox } from "../state_box.js";
import { element, selectField } from "../element.js";
import { pageAddress } from "../page_address.js";
import { addressOf, findCompanies, kindOptions, loadBank, relate } from "./bank.js";
import { Deck } from "./deck.js";
import { drawCards } from "./draw.js";
import { Face, listenKeys } from "./face.js";
import { rate, RATINGS } from "./schedule.js";

/** @typedef {import("./bank.js").Bank} Bank */
/** @typedef {import("./schedule.js").Rating} Rating */
/** @typedef {{number: number, seconds: number, late: boolean, rating: Rating}} Mark */

export class MockInterview {
  /** @param {HTMLElement} area */
  constructor(area) {
    this.area = area;
    /** @type {Face | null} */
    this.face = null;
    this.status = element("p", { role: "status" });
    /** 每题限多久，这题已经用了多久，表从何时走起（停着是 0）；都是毫秒。 */
    this.limit = 0;
    this.spent = 0;
    this.since = 0;
    this.late = false;
    area.append(stateBox("loading", "正在取题目 …"));
    this.load();
  }

  async load() {
    try {
      this.bank = await loadBank();
    } catch (error) {
      console.warn("题目没有取到", error);
      this.area.replaceChildren(missBox("题目", error, () => this.load(), element("a", { href: pageAddress("questions/") }, "去题库里读")));
      return;
    }
    this.showForm(this.bank);
    listenKeys(this.area, (key) => this.press(key));
    const ticking = setInterval(() => {
      if (!this.area.isConnected) clearInterval(ticking); // 即时换页走了
      else this.tick();
    }, 200);
  }

  /** @param {Bank} bank */
  showForm(bank) {
    const company = selectField("公司", "company", [["", "不限公司"], ...bank.companies.map((one) => /** @type {[string, string]} */ ([one.key, one.name])), ...kindOptions(bank)]);
    const seconds = selectField("每题", "seconds", [["30", "30 秒"], ["120", "2 分钟"]]);
    const count = selectField("几道", "count", [["3", "3 道"], ["5", "5 道"], ["10", "10 道"]]);
    count.field.value = "5";
    const said = element("p", { class: "mj-note", role: "status" });
    const describe = () => {
      const companies = findCompanies(bank, company.field.value);
      const records = companies.reduce((sum, one) => sum + one.count, 0);
      said.textContent = companies.length ? `依据 ${records} 篇写明了问题的记录，每一篇只来自一位候选人。` : "不看公司，每道题的机会一样。";
    };
    const wanted = new URLSearchParams(location.search).get("company");
    if (wanted && [...company.field.options].some((option) => option.value === wanted)) company.field.value = wanted;
    describe();
    if (wanted && company.field.value !== wanted) said.textContent = `网址里的公司「${wanted}」不认识，略过了。${said.textContent}`;
    const start = button("开始", () => this.start(company.field.value, Number(seconds.field.value), Number(count.field.value)));
    start.className = "mj-start";
    const form = element("form", { class: "mj-study__form", "aria-label": "模拟面试" }, company.label, seconds.label, count.label);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", describe);
    this.face = null;
    this.area.replaceChildren(form, said, start);
  }

  /** @param {string} company @param {number} seconds @param {number} count */
  start(company, seconds, count) {
    const bank = /** @type {Bank} */ (this.bank);
    this.company = company;
    this.limit = seconds * 1000;
    this.drawn = drawCards(bank, company, count);
    /** @type {Mark[]} */
    this.marks = [];
    this.ask();
  }

  ask() {
    const bank = /** @type {Bank} */ (this.bank);
    const drawn = /** @type {number[]} */ (this.drawn);
    const at = /** @type {Mark[]} */ (this.marks).length;
    const number = drawn[at];
    this.spent = 0;
    this.since = Date.now();
    this.late = false;
    this.clock = element("span", { class: "mj-clock", role: "timer" });
    this.pauseButton = button("暂停", () => this.togglePause());
    this.face = new Face(bank, number, null, { length: this.limit > 30_000 ? "2min" : "30s", showSpans: false, onRate: (rating) => this.mark(rating), onReveal: () => this.stopClock() });
    this.face.showButton.textContent = "说完了，对答案";
    const why = relate(bank, number, findCompanies(bank, this.company ?? ""));
    const reason = why === 2 ? "选的公司写明问过这道题" : why === 1 ? "选的公司写明问过这个考点" : "";
    const bar = element("div", { class: "mj-run" }, element("strong", {}, `第 ${at + 1} / ${drawn.length} 题`), this.clock, this.pauseButton, button("提前结束", () => this.finish()), this.status);
    this.status.textContent = reason;
    this.area.replaceChildren(bar, this.face.element);
    this.tick();
    this.face.title.focus({ preventScroll: true });
  }

  get elapsed() {
    return this.spent + (this.since ? Date.now() - this.since : 0);
  }

  /** 走一下表；到点就停下，翻开答案。 */
  tick() {
    if (!this.face || !this.clock || this.face.open) return;
    const left = Math.max(0, this.limit - this.elapsed);
    const seconds = Math.ceil(left / 1000);
    this.clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (left > 0) return;
    this.late = true;
    this.status.textContent = "时间到";
    this.face.reveal();
  }

  stopClock() {
    this.spent = Math.min(this.elapsed, this.limit);
    this.since = 0;
    if (this.pauseButton) this.pauseButton.disabled = true;
  }

  togglePause() {
    if (this.face?.open) return;
    const paused = this.since === 0;
    if (paused) this.since = Date.now();
    else {
      this.spent = this.elapsed;
      this.since = 0;
    }
    if (this.pauseButton) this.pauseButton.textContent = paused ? "暂停" : "继续";
    this.status.textContent = paused ? "" : "表停着";
  }

  /** @param {string} key */
  press(key) {
    if (!this.face) return false;
    if (key.toLowerCase() === "p") return this.togglePause(), true;
    return this.face.press(key);
  }

  /** @param {Rating} rating */
  mark(rating) {
    const marks = /** @type {Mark[]} */ (this.marks);
    const drawn = /** @type {number[]} */ (this.drawn);
    marks.push({ number: drawn[marks.length], seconds: Math.round(this.spent / 1000), late: this.late, rating });
    if (marks.length < drawn.length) this.ask();
    else this.finish();
  }

  /** 小结，并把打的分记进卡片。 */
  finish() {
    const bank = /** @type {Bank} */ (this.bank);
    const marks = /** @type {Mark[]} */ (this.marks);
    this.face = null;
    const deck = new Deck();
    const now = Date.now();
    const before = marks.map(({ number }) => /** @type {const} */ ([bank.cards[number].key, deck.get(bank.cards[number].key)]));
    const reasons = marks.map(({ number, rating }) => {
      const { key } = bank.cards[number];
      return deck.set(key, rate(deck.get(key), rating, now));
    });
    const rows = marks.map(({ number, seconds, late, rating }) =>
      element("tr", {}, element("td", {}, element("a", { href: addressOf(bank.cards[number]) }, bank.cards[number].title)), element("td", {}, late ? `${seconds} 秒，到点` : `${seconds} 秒`), element("td", {}, RATINGS[rating - 1][1])),
    );
    const head = element("tr", {}, ...["题目", "用时", "自己打的分"].map((name) => element("th", { scope: "col" }, name)));
    const title = element("h2", { tabindex: -1 }, marks.length ? `小结：${marks.length} 道` : "一道也没有答");
    const weak = marks.filter(({ rating }) => rating <= 2).length;
    const status = element("p", { role: "status" });
    status.textContent = marks.length ? `重来与困难共 ${weak} 道。${[...new Set([...deck.notes, ...reasons])].filter(Boolean).join("；") || "打的分都记进复习的卡片了"} ` : "";
    if (marks.length) {
      const undo = button("不记进卡片", () => {
        const faults = before.map(([key, record]) => deck.set(key, record));
        status.textContent = faults.find(Boolean) || "撤销了，卡片回到模拟之前";
      });
      status.append(undo);
    }
    const again = button("再来一次", () => this.showForm(bank));
    if (!marks.length) status.textContent = "没有打分，卡片没有动。";
    const parts = marks.length ? [element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))] : [];
    this.area.replaceChildren(title, ...parts, element("div", { class: "mj-run" }, status, again));
    title.focus({ preventScroll: true });
  }
}

/** 复习页：筛选，到期的数，一张一张地答。 */
import { button } from "../button.js";
import { missBox, stateBox } from "../state_box.js";
import { element, selectField } from "../element.js";
import { pageAddress } from "../page_address.js";
import { onStored } from "../stored.js";
import { kindOptions, loadBank, selectCards } from "./bank.js";
import { Deck, LIMITS } from "./deck.js";
import { Face, listenKeys } from "./face.js";
import { describeSpan, makeQueue, rate, RATINGS } from "./schedule.js";

/** @typedef {import("./bank.js").Bank} Bank */
/** @typedef {import("./schedule.js").Rating} Rating */

const TICK = 20_000;
/** 没有卡片要看、又还有没学过的：一次多给这么多张。 */
const MORE = 10;
const NAMES = /** @type {const} */ ([["topic", "考点"], ["company", "公司"], ["level", "难度"]]);

export class ReviewSession {
  /** @param {HTMLElement} area */
  constructor(area) {
    this.area = area;
    this.deck = new Deck();
    this.counts = element("p", { class: "mj-review__counts", role: "status" });
    this.status = element("p", { role: "status", class: "mj-review__status" });
    this.place = element("div", { class: "mj-review__place" });
    this.notes = element("div", { class: "mj-review__notes" });
    /** @type {Face | null} */
    this.face = null;
    /** 上一次的回答，可以撤销。 @type {{key: string, before: import("./schedule.js").CardRecord | null, title: string} | null} */
    this.last = null;
    this.undoButton = button("撤销上一张", () => this.undo());
    this.undoButton.disabled = true;
    area.append(stateBox("loading", "正在取卡片 …"));
    this.start();
  }

  async start() {
    try {
      this.bank = await loadBank();
    } catch (error) {
      console.warn("卡片没有取到", error);
      this.area.replaceChildren(missBox("卡片", error, () => this.start(), element("a", { href: pageAddress("questions/") }, "去题库里读")));
      return;
    }
    this.form = this.makeForm(this.bank);
    const bar = element("div", { class: "mj-run" }, this.undoButton, this.status);
    this.area.replaceChildren(this.form, this.counts, this.place, bar, this.notes);
    listenKeys(this.area, (key) => (key.toLowerCase() === "u" ? (this.undo(), true) : (this.face?.press(key) ?? false)));
    this.sayNotes(this.readAddress());
    this.next();
    onStored(this.area, () => {
      this.deck.reload();
      if (this.limitField) this.limitField.value = String(this.deck.limit);
      this.sayNotes([]);
      this.next();
    });
    const ticking = setInterval(() => {
      if (!this.area.isConnected) clearInterval(ticking); // 即时换页走了
      else if (this.face) this.count();
      else this.next();
    }, TICK);
  }

  /** @param {Bank} bank */
  makeForm(bank) {
    const topics = bank.topics.flatMap((topic, number) => {
      const count = bank.cards.filter((card) => card.topic === number || bank.topics[card.topic].parent === number).length;
      return count ? [/** @type {[string, string]} */ ([topic.key, `${topic.parent >= 0 ? "　" : ""}${topic.title}（${count}）`])] : [];
    });
    const fields = {
      topic: selectField("考点", "topic", [["", "全部考点"], ...topics]),
      company: selectField("公司（写明问过）", "company", [["", "不限公司"], ...bank.companies.map((one) => /** @type {[string, string]} */ ([one.key, `${one.name}（${one.count} 篇）`])), ...kindOptions(bank)]),
      level: selectField("难度", "level", [["", "全部难度"], ...bank.levels]),
    };
    this.fields = fields;
    const [low, high] = LIMITS;
    this.limitField = element("input", { type: "number", name: "limit", min: low, max: high, inputmode: "numeric", value: this.deck.limit });
    this.limitField.value = String(this.deck.limit);
    const form = element("form", { class: "mj-study__form", "aria-label": "选卡片" }, ...Object.values(fields).map(({ label }) => label), element("label", {}, "每天新卡", this.limitField));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      if (event.target === this.limitField) this.changeLimit();
      else this.writeAddress();
      this.next();
    });
    return form;
  }

  /** 网址里写的筛选；不认识的略过，说明。 */
  readAddress() {
    const query = new URLSearchParams(location.search);
    return NAMES.flatMap(([name, what]) => {
      const value = query.get(name);
      const field = this.fields?.[name].field;
      if (!value || !field) return [];
      if ([...field.options].some((option) => option.value === value)) field.value = value;
      else return [`网址里的${what}「${value}」不认识，略过了`];
      return [];
    });
  }

  writeAddress() {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(this.filter)) if (value) query.set(name, value);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  /** @returns {import("./bank.js").Filter} */
  get filter() {
    const value = (/** @type {"topic" | "company" | "level"} */ name) => this.fields?.[name].field.value ?? "";
    return { topic: value("topic"), company: value("company"), level: value("level") };
  }

  changeLimit() {
    const [low, high] = LIMITS;
    const limit = Number(this.limitField?.value);
    if (this.limitField?.value === "" || !Number.isInteger(limit) || limit < low || limit > high) {
      this.say(`每天新卡数应是 ${low} 到 ${high} 的整数，还是 ${this.deck.limit}`);
      if (this.limitField) this.limitField.value = String(this.deck.limit);
      return;
    }
    const reason = this.deck.setLimit(limit);
    this.say(reason || `每天新卡改成 ${limit} 张`, reason !== "");
  }

  /** @param {string} text @param {boolean} [fault] 有一处没有做成 */
  say(text, fault = false) {
    this.status.textContent = text;
    this.status.dataset.state = fault ? "fault" : "";
  }

  /** 题库里没有了的、读不懂的、网址不认识的，都说。 @param {string[]} more */
  sayNotes(more) {
    const lines = [...more, ...this.deck.notes];
    const gone = this.bank ? this.deck.orphans(this.bank) : [];
    if (gone.length) lines.push(`题库里已经没有 ${gone.join("、")} 这 ${gone.length} 道题，它们的进度另放着，没有丢：题回来了接着用，导出时也带着`);
    this.notes.replaceChildren(...lines.map((line) => element("p", { class: "mj-study__note", role: "status" }, line)));
  }

  /** 现在的队列，顺便把数写出来。 */
  count() {
    const bank = /** @type {Bank} */ (this.bank);
    const now = Date.now();
    const queue = makeQueue(selectCards(bank, this.filter), (number) => this.deck.get(bank.cards[number].key), this.deck.records.values(), this.deck.limit, now);
    this.counts.textContent = `到期 ${queue.due.length} · 今天还可学新卡 ${queue.fresh.length} · 没学过 ${queue.unseen} · 学过 ${queue.seen}`;
    return queue;
  }

  /** 下一张：先到期的，再新的；都没有就说下一张何时来。 @param {boolean} [focus] */
  next(focus = false) {
    const bank = /** @type {Bank} */ (this.bank);
    const queue = this.count();
    const number = queue.due[0] ?? queue.fresh[0];
    if (number === undefined) {
      this.face = null;
      const wait = queue.next === Infinity ? "" : `下一张 ${describeSpan(queue.next - Date.now())}后到期。`;
      const more = queue.unseen ? `还有 ${queue.unseen} 张没学过。` : "";
      const text = queue.unseen + queue.seen ? `现在没有要看的了。${wait}${more}` : "这样筛选一张也没有。";
      const done = stateBox("empty", text, ...this.suggest(queue));
      done.classList.add("mj-review__done");
      done.tabIndex = -1;
      this.place.replaceChildren(done);
      if (focus) done.focus({ preventScroll: true });
      return;
    }
    const { key, title } = bank.cards[number];
    const before = this.deck.get(key);
    this.face = new Face(bank, number, before, {
      length: "30s",
      showSpans: true,
      onRate: (rating) => this.answer(key, title, before, rating),
    });
    this.place.replaceChildren(this.face.element);
    if (focus) this.face.title.focus({ preventScroll: true });
  }

  /** 没有卡片要看时能做的。 @param {{unseen: number, seen: number}} queue */
  suggest({ unseen, seen }) {
    const ways = [];
    const more = Math.min(this.deck.limit + MORE, LIMITS[1]);
    if (unseen && more > this.deck.limit) {
      ways.push(
        button(`每天新卡改成 ${more} 张`, () => {
          if (this.limitField) this.limitField.value = String(more);
          this.changeLimit();
          this.next(true);
        }),
      );
    }
    if (Object.values(this.filter).some(Boolean)) {
      ways.push(
        button(unseen + seen ? "看全部卡片" : "不筛选", () => {
          for (const { field } of Object.values(this.fields ?? {})) field.value = "";
          this.writeAddress();
          this.next(true);
        }),
      );
    }
    return [...ways, element("a", { href: pageAddress("review/mock/") }, "来一场模拟面试")];
  }

  /** @param {string} key @param {string} title @param {import("./schedule.js").CardRecord | null} before @param {Rating} rating */
  answer(key, title, before, rating) {
    const now = Date.now();
    const record = rate(before, rating, now);
    const reason = this.deck.set(key, record);
    this.last = { key, before, title };
    this.undoButton.disabled = false;
    const name = RATINGS.find(([value]) => value === rating)?.[1];
    const span = describeSpan(record.state === 2 ? record.days * 86_400_000 : record.due - now);
    this.say(`「${title}」记为${name}，${span}后再见。${reason}`, reason !== "");
    this.next(true);
  }

  undo() {
    if (!this.last) return;
    const { key, before, title } = this.last;
    this.last = null;
    this.undoButton.disabled = true;
    const reason = this.deck.set(key, before);
    this.say(`撤销了「${title}」的打分。${reason}`, reason !== "");
    this.next(true);
  }
}

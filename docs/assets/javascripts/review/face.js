/** 一张卡在页面上的样子：正面、折着的背面、四个按钮。复习与模拟面试共用。 */
import { button } from "../button.js";
import { element } from "../element.js";
import { describeFetch } from "../fetch_fault.js";
import { addressOf, describeAskers, loadAnswer } from "./bank.js";
import { describeSpan, dueTime, rate, RATINGS } from "./schedule.js";

/** @typedef {import("./bank.js").Bank} Bank */
/** @typedef {import("./bank.js").Length} Length */
/** @typedef {import("./schedule.js").CardRecord} CardRecord */
/** @typedef {import("./schedule.js").Rating} Rating */

/** 背面叫什么，整页还有什么。 @type {Record<Length, {name: string, rest: string}>} */
const BACKS = {
  "30s": { name: "30 秒版", rest: "整页：2 分钟版、推导、追问、常见错误" },
  "2min": { name: "2 分钟版", rest: "整页：30 秒版、推导、追问、常见错误" },
};

export class Face {
  /**
   * @param {Bank} bank
   * @param {number} number 第几张卡
   * @param {CardRecord | null} record 有它就在按钮上写间隔
   * @param {{length: Length, showSpans: boolean, onRate: (rating: Rating) => void, onReveal?: () => void}} options
   */
  constructor(bank, number, record, options) {
    this.bank = bank;
    this.card = bank.cards[number];
    this.record = record;
    this.options = options;
    this.open = false;
    const { topic, level } = this.card;
    const facts = [bank.topics[topic].title, bank.levels[level][1], describeAskers(bank, number)].filter(Boolean);
    this.title = element("h2", { tabindex: -1, class: "mj-face__title" }, this.card.title);
    this.showButton = button(`答过了，看 ${BACKS[options.length].name}`, () => this.reveal());
    this.showButton.className = "mj-start";
    this.answer = element("div", { class: "mj-face__answer", tabindex: -1, role: "group", "aria-label": BACKS[options.length].name, hidden: true });
    this.bar = element("div", { class: "mj-face__ratings", role: "group", "aria-label": "答得怎么样", hidden: true });
    this.element = element("article", { class: "mj-face", "aria-label": "卡片" }, element("p", { class: "mj-note" }, facts.join(" · ")), this.title, this.showButton, this.answer, this.bar);
  }

  /** 打开背面；取不到时说明，可以重试，也照样能打分。 */
  async reveal() {
    if (this.open) return;
    this.open = true;
    this.showButton.hidden = true;
    this.options.onReveal?.();
    this.showRatings();
    this.answer.hidden = false;
    this.answer.textContent = "正在取答案 …";
    await this.fill();
    this.answer.focus({ preventScroll: true });
  }

  async fill() {
    const whole = element("p", { class: "mj-face__more" }, element("a", { href: addressOf(this.card) }, BACKS[this.options.length].rest));
    try {
      this.answer.replaceChildren(await loadAnswer(this.bank, this.card, this.options.length), whole);
    } catch (error) {
      this.answer.replaceChildren(`答案没有取到：${describeFetch(error)} `, button("再取一次", () => this.fill()), whole);
    }
  }

  showRatings() {
    const now = Date.now();
    this.bar.replaceChildren(
      ...RATINGS.map(([rating, name]) => {
        const made = button("", () => this.options.onRate(rating));
        made.dataset.rating = String(rating);
        made.append(element("kbd", { "aria-hidden": "true" }, String(rating)), ` ${name}`);
        if (this.options.showSpans) {
          const after = rate(this.record, rating, now);
          made.append(element("small", {}, `${describeSpan(after.state === 2 ? after.days * 86_400_000 : dueTime(after) - now)}后`));
        }
        return made;
      }),
    );
    this.bar.hidden = false;
  }

  /** 键盘：空格看答案，1～4 打分；返回用没用上。 @param {string} key */
  press(key) {
    if (key === " " && !this.open) this.reveal();
    else if (this.open && /^[1-4]$/.test(key)) this.options.onRate(/** @type {Rating} */ (Number(key)));
    else return false;
    return true;
  }
}

/** 正在答的那一张；整页的键盘都给它。 @type {{area: HTMLElement, press: (key: string) => boolean} | null} */
let current = null;

/** @param {HTMLElement} area @param {(key: string) => boolean} press */
export function listenKeys(area, press) {
  current = { area, press };
}

document.addEventListener(
  "keydown",
  (event) => {
    if (!current?.area.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === " " && target.closest("button, summary, a")) return;
    if (!current.press(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

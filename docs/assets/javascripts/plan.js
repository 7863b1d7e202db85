/** 备考计划：选公司与天数，重排清单，勾选，分享。没有脚本时页面上是默认的那一份。 */
import { button } from "./button.js";
import { element } from "./element.js";
import { once } from "./once.js";
import { pageAddress } from "./page_address.js";
import { DEFAULT_DAYS, describeChoice, readPlan, readQuery, writePlan, writeQuery } from "./plan/choice.js";
import { idOf, makePlan, readData } from "./plan/schedule.js";
import { readJson } from "./read_json.js";
import { missBox, stateBox } from "./state_box.js";
import { onStored } from "./stored.js";

/** @typedef {import("./plan/schedule.js").Choice} Choice */
/** @typedef {import("./plan/schedule.js").PlanData} PlanData */

const SITE = new URL("../../", import.meta.url);
const NAMES = { topic: "考点", derivation: "推导", exercise: "手写", question: "题目" };
const loadData = once(() => readJson(new URL("plan/plan.json", SITE).href).then(readData));

export function enhance() {
  const area = /** @type {HTMLElement | null} */ (document.querySelector(".mj-plan"));
  if (area && !area.childElementCount) new PlanPage(area);
}

class PlanPage {
  /** @param {HTMLElement} area */
  constructor(area) {
    this.area = area;
    this.basis = /** @type {HTMLElement} */ (document.querySelector(".mj-plan__basis"));
    this.days = /** @type {HTMLElement} */ (document.querySelector(".mj-plan__days"));
    this.status = element("p", { role: "status" });
    this.notes = element("div");
    area.append(stateBox("loading", "正在取数据 …"));
    this.start();
  }

  async start() {
    try {
      this.data = await loadData();
    } catch (error) {
      console.warn("计划的数据没有取到", error);
      this.area.replaceChildren(missBox("计划的数据", error, () => this.start(), "下面是不选公司的那一份。"));
      return;
    }
    const data = this.data;
    const { kept, note } = readPlan();
    this.kept = kept;
    const { choice, notes } = readQuery(data, new URLSearchParams(location.search));
    const mine = this.known(kept.choice);
    /** 正在看的；别人的网址在采用之前不盖掉自己的。 @type {Choice} */
    this.choice = choice ?? mine ?? { companies: [], kinds: [], days: DEFAULT_DAYS };
    this.shared = Boolean(choice && mine && writeQuery(choice) !== writeQuery(mine));
    this.area.replaceChildren(this.makeForm(data), this.notes, element("div", { class: "mj-run" }, button("打印", () => print()), button("复制网址", () => this.copy()), this.status));
    for (const line of [note, ...notes].filter(Boolean)) this.notes.append(element("p", { class: "mj-study__note", role: "status" }, line));
    if (this.shared && mine) this.offer(mine);
    this.show();
    onStored(this.area, () => {
      this.kept = readPlan().kept;
      if (!this.shared) this.choice = this.known(this.kept.choice) ?? this.choice;
      this.fill();
      this.show();
    });
  }

  /** 去掉数据里已经没有的公司与类型。 @param {Choice | null} choice @returns {Choice | null} */
  known(choice) {
    const data = /** @type {PlanData} */ (this.data);
    return choice && {
      companies: data.companies.map(({ key }) => key).filter((key) => choice.companies.includes(key)),
      kinds: data.kinds.map(([key]) => key).filter((key) => choice.kinds.includes(key)),
      days: choice.days,
    };
  }

  /** @param {PlanData} data */
  makeForm(data) {
    const boxes = (/** @type {string} */ legend, /** @type {string} */ name, /** @type {[string, string][]} */ options) => {
      const set = element("fieldset", {}, element("legend", {}, legend));
      set.append(...options.map(([value, text]) => element("label", {}, element("input", { type: "checkbox", name, value }), text)));
      return set;
    };
    const [low, high] = data.days;
    const days = element("input", { type: "number", name: "days", min: low, max: high, inputmode: "numeric", required: true });
    this.daysField = days;
    this.companyFold = element("details", { class: "mj-plan__companies" }, element("summary", {}, "公司"), boxes("有记录的公司，可以选几家", "company", data.companies.map(({ key, name }) => [key, name])), boxes("没有记录的公司，选它的类型", "kind", data.kinds.map(([key, name]) => [key, `全部${name}`])));
    const form = element("form", { class: "mj-plan__form", "aria-label": "选公司与天数" }, element("label", {}, `还有几天（${low}～${high}）`, days), this.companyFold);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.change());
    this.form = form;
    this.fill();
    this.companyFold.open = true;
    return form;
  }

  /** 把选择写到表单上。 */
  fill() {
    const { companies, kinds, days } = /** @type {Choice} */ (this.choice);
    if (this.daysField) this.daysField.value = String(days);
    for (const box of this.boxes()) box.checked = (box.name === "company" ? companies : kinds).includes(box.value);
  }

  /** @returns {HTMLInputElement[]} */
  boxes() {
    return [...(this.form?.querySelectorAll("input") ?? [])].filter((box) => box.type === "checkbox");
  }

  /** 表单改了：数不对就说明，不动计划。 */
  change() {
    const [low, high] = /** @type {PlanData} */ (this.data).days;
    const days = Number(this.daysField?.value);
    const right = this.daysField?.value !== "" && Number.isInteger(days) && days >= low && days <= high;
    this.daysField?.setAttribute("aria-invalid", String(!right));
    if (!right) {
      this.say(`天数应是 ${low} 到 ${high} 的整数`);
      return;
    }
    const picked = (/** @type {string} */ name) => this.boxes().filter((box) => box.name === name && box.checked).map((box) => box.value);
    this.choice = { companies: picked("company"), kinds: picked("kind"), days };
    history.replaceState(history.state, "", `${location.pathname}${writeQuery(this.choice)}`);
    if (this.shared) this.say("这一份还没有采用，改动没有记到你的计划里");
    else this.sayKept(this.keep());
    this.show();
  }

  /** 把正在看的记成自己的；返回没有存成的原因。 */
  keep() {
    return this.write((kept) => {
      kept.choice = this.choice ?? null;
      kept.at = Date.now();
    });
  }

  /** 先读出别的标签页刚写的，再写，免得互相盖掉。 @param {(kept: import("./plan/choice.js").Kept) => void} change */
  write(change) {
    const { kept, note } = readPlan();
    const mine = /** @type {import("./plan/choice.js").Kept} */ (this.kept);
    // 存不下时别处读不到，手上的才是新的
    for (const [id, tick] of Object.entries(mine.done)) if (!Object.hasOwn(kept.done, id) || tick[0] > kept.done[id][0]) kept.done[id] = tick;
    if (mine.at > kept.at) Object.assign(kept, { choice: mine.choice, at: mine.at });
    change(kept);
    this.kept = kept;
    return note || writePlan(kept);
  }

  /** 网址里的与自己的不同：并排放着，由读者选。 @param {Choice} mine */
  offer(mine) {
    const data = /** @type {PlanData} */ (this.data);
    const box = element("div", { class: "mj-study__note mj-plan__offer", role: "region", "aria-label": "两份计划" });
    const settle = (/** @type {string} */ reason, /** @type {string} */ text) => {
      this.shared = false;
      box.remove();
      this.fill();
      this.show();
      this.sayKept(reason, text);
    };
    box.append(
      element("p", {}, "网址里的：", element("strong", {}, describeChoice(data, /** @type {Choice} */ (this.choice))), "（正在看的）"),
      element("p", {}, "你自己的：", element("strong", {}, describeChoice(data, mine)), "（还在，没有动）"),
      element("div", { class: "mj-run" }, button("采用网址里的", () => settle(this.keep(), "采用了，记成你的计划")), button("保留我的", () => {
        this.choice = mine;
        history.replaceState(history.state, "", `${location.pathname}${writeQuery(mine)}`);
        settle("", "回到你的计划");
      })),
    );
    this.notes.append(box);
  }

  /** @param {string} text @param {boolean} [fault] 有一处没有做成 */
  say(text, fault = false) {
    this.status.textContent = text;
    this.status.dataset.state = fault ? "fault" : "";
  }

  /** 存好了说 right，没有存成说原因。 @param {string} reason @param {string} [right] */
  sayKept(reason, right = "") {
    this.say(reason || right, reason !== "");
  }

  async copy() {
    const address = new URL(writeQuery(/** @type {Choice} */ (this.choice)), location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      this.say("复制了：网址里有公司与天数，没有你的勾选");
    } catch {
      this.say(`浏览器不让复制，网址是 ${address}`);
    }
  }

  show() {
    const data = /** @type {PlanData} */ (this.data);
    const choice = /** @type {Choice} */ (this.choice);
    const plan = makePlan(data, choice);
    const names = new Map(data.companies.map(({ key, name }) => [key, name]));
    const counts = new Map();
    for (const { company } of plan.stated) counts.set(company, (counts.get(company) ?? 0) + 1);
    const chosen = choice.companies.length || choice.kinds.length;
    const where = [...counts].map(([company, count]) => `${data.companies[company].name} ${count} 篇`).join("、");
    this.basis.textContent = [
      chosen ? `依据 ${plan.stated.length} 篇写明了问题的记录${where ? `（${where}）` : ""}与作者的排序，排 ${choice.days} 天。` : `没有选公司：依据全部 ${plan.stated.length} 篇写明了问题的记录与作者的排序，排 ${choice.days} 天。`,
      plan.silent.length ? `${plan.silent.map((key) => names.get(key)).join("、")}的记录没有写明问过什么，只能按作者的排序，也可以加选它的类型。` : "",
      "每一条记录只来自一位候选人；没有写到的不等于没有问。",
      plan.left ? `还有 ${plan.left} 项有分，排不下。` : "",
    ].join("");
    this.days.replaceChildren(...plan.days.flatMap((entries, day) => (entries.length ? [element("h2", {}, `第 ${day + 1} 天`), this.makeList(entries)] : [])));
    if (this.companyFold) this.companyFold.firstElementChild?.replaceChildren(`公司：${chosen ? describeChoice(data, choice).replace(/，\d+ 天$/, "") : "没有选，依据全部记录"}`);
    this.count();
  }

  /** @param {import("./plan/schedule.js").Entry[]} entries */
  makeList(entries) {
    const data = /** @type {PlanData} */ (this.data);
    const list = element("ul", { class: "mj-plan__items" });
    for (const { item: number, reasons } of entries) {
      const item = data.items[number];
      const id = idOf(item);
      const box = element("input", { type: "checkbox", "aria-label": `做完了：${item.title}` });
      box.checked = this.kept?.done[id]?.[1] === 1;
      box.addEventListener("change", () => {
        this.sayKept(this.write((kept) => (kept.done[id] = [Date.now(), box.checked ? 1 : 0])));
        this.count();
      });
      const why = element("span", { class: "mj-note" });
      reasons.forEach(({ text, href }, at) => why.append(at ? "；" : "", href ? element("a", { href: pageAddress(href) }, text) : text));
      list.append(element("li", { "data-item": id }, box, element("span", { class: "mj-level" }, NAMES[item.kind]), " ", element("a", { href: pageAddress(item.href) }, item.title), " ", why));
    }
    return list;
  }

  count() {
    const boxes = [...this.days.querySelectorAll("input")];
    const text = `做完 ${boxes.filter((box) => box.checked).length} / ${boxes.length} 项`;
    if (!this.tally) this.basis.after((this.tally = element("p", { class: "mj-note", role: "status" })));
    this.tally.textContent = text;
  }
}

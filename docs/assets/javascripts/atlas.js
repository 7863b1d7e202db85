/**
 * 面经的分面筛选：选中的值记在地址里，数字随选择变。一个分面里任一个就行，各分面都要满足。
 *
 * 篇数不多时，全部行都在页面里，只是藏起不合的；多的时候从数据里画出合的那些，一次一段。
 */
import { button } from "./button.js";
import { element } from "./element.js";
import { once } from "./once.js";
import { readJson } from "./read_json.js";
import { missBox, stateBox } from "./state_box.js";

/**
 * @typedef {object} Data
 * @property {number} format
 * @property {Record<string, [string, string][]>} facets 分面 → [值, 中文]
 * @property {Record<string, number[][]>} values 分面 → 各篇的值（序号）
 * @property {string[]} name
 * @property {string[]} url
 * @property {[string, string][]} period
 */

const FORMAT = 1;
const WINDOW = 100;
/** 表里各列用哪个分面。 */
const COLUMNS = { 类型: "kind", 结果: "outcome", 最远到: "stage", 形式: "form", 考点: "topic" };

/** @param {Uint32Array} words */
function count(words) {
  let total = 0;
  for (let word of words) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    total += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return total;
}

export class Atlas {
  /** @param {Data} data */
  constructor(data) {
    if (data.format !== FORMAT) throw new Error(`数据的格式是 ${data.format}，这一页认识 ${FORMAT}：刷新页面`);
    this.data = data;
    this.size = data.name.length;
    /** 分面 → 值 → 位图：第 n 位是第 n 篇。 @type {Record<string, Record<string, Uint32Array>>} */
    this.bits = {};
    for (const [facet, options] of Object.entries(data.facets)) {
      const bits = options.map(() => new Uint32Array(Math.ceil(this.size / 32)));
      data.values[facet].forEach((values, n) => values.forEach((value) => (bits[value][n >> 5] |= 1 << (n & 31))));
      this.bits[facet] = Object.fromEntries(options.map(([value], i) => [value, bits[i]]));
    }
  }

  /**
   * 合乎 state 的各篇；except 那个分面不算。
   * @param {Map<string, Set<string>>} state
   * @param {string} [except]
   */
  match(state, except) {
    const words = new Uint32Array(Math.ceil(this.size / 32)).fill(0xffffffff);
    if (this.size % 32) words[words.length - 1] = 2 ** (this.size % 32) - 1;
    for (const [facet, values] of state) {
      if (facet === except || !values.size) continue;
      const any = new Uint32Array(words.length);
      for (const value of values) this.bits[facet][value].forEach((word, i) => (any[i] |= word));
      any.forEach((word, i) => (words[i] &= word));
    }
    return words;
  }

  /** @param {Uint32Array} words @returns {number[]} */
  numbers(words) {
    const found = [];
    for (let n = 0; n < this.size; n += 1) if ((words[n >> 5] >>> (n & 31)) & 1) found.push(n);
    return found;
  }

  /** 在别的分面的选择之下，这个值有几篇。 @param {Uint32Array} others @param {string} facet @param {string} value */
  countWith(others, facet, value) {
    return count(this.bits[facet][value].map((word, i) => word & others[i]));
  }
}

/**
 * 地址里的选择；不认识的分面与值另外列出。
 * @param {URLSearchParams} query
 * @param {Data} data
 */
export function readState(query, data) {
  /** @type {Map<string, Set<string>>} */
  const state = new Map();
  const unknown = [];
  for (const [facet, text] of query) {
    if (!(facet in data.facets)) {
      if (facet !== "q" && facet !== "h") unknown.push(`${facet}=${text}`);
      continue;
    }
    const known = new Set(data.facets[facet].map(([value]) => value));
    for (const value of text.split(",").filter(Boolean)) {
      if (known.has(value)) state.set(facet, (state.get(facet) ?? new Set()).add(value));
      else unknown.push(`${facet}=${value}`);
    }
  }
  return { state, unknown };
}

class Filter {
  /** @param {HTMLFormElement} form @param {HTMLTableElement} table */
  constructor(form, table) {
    this.form = form;
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.status = /** @type {HTMLElement} */ (form.querySelector("[role=status]"));
    this.notes = /** @type {HTMLElement} */ (form.querySelector(".mj-facet-notes"));
    this.clear = /** @type {HTMLButtonElement} */ (form.querySelector("[type=reset]"));
    this.load = once(() => readJson(form.dataset.src ?? "").then((data) => new Atlas(data)));
    form.addEventListener("change", () => this.change());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const box of this.boxes()) box.checked = false;
      this.change();
    });
    if (location.search) this.open();
    else if (this.boxes().some((box) => box.checked)) this.change(); // 脚本到之前就选了的
  }

  /** @returns {HTMLInputElement[]} */
  boxes() {
    return [...this.form.querySelectorAll("input")];
  }

  /** 照地址里的选择打开。 */
  async open() {
    const atlas = await this.tryLoad(() => this.open());
    if (!atlas) return;
    this.notes.replaceChildren();
    const { state, unknown } = readState(new URLSearchParams(location.search), atlas.data);
    for (const box of this.boxes()) {
      box.checked = state.get(box.name)?.has(box.value) ?? false;
      if (box.checked) /** @type {HTMLDetailsElement} */ (box.closest("details")).open = true;
    }
    this.show(atlas);
    if (unknown.length) this.note(`地址里的 ${unknown.join("、")} 不认识，没有用它`);
  }

  async change() {
    const atlas = await this.tryLoad(() => this.change());
    if (!atlas) return;
    const query = new URLSearchParams();
    for (const [facet, values] of this.state()) query.set(facet, [...values].join(","));
    const text = query.toString().replaceAll("%2C", ",");
    history.replaceState(history.state, "", text ? `?${text}${location.hash}` : location.pathname + location.hash);
    this.notes.replaceChildren();
    this.show(atlas);
  }

  /** @param {() => void} retry */
  async tryLoad(retry) {
    try {
      return await this.load();
    } catch (error) {
      console.warn("筛选的数据没有取到", error);
      this.notes.replaceChildren(missBox("筛选的数据", error, retry, "全部面经仍在下面。"));
      return undefined;
    }
  }

  /** @returns {Map<string, Set<string>>} */
  state() {
    const state = new Map();
    for (const box of this.boxes().filter((one) => one.checked)) {
      state.set(box.name, (state.get(box.name) ?? new Set()).add(box.value));
    }
    return state;
  }

  /** @param {string} text */
  note(text) {
    this.notes.append(element("p", { class: "mj-note" }, text));
  }

  /** @param {Atlas} atlas */
  show(atlas) {
    const state = this.state();
    const found = atlas.numbers(atlas.match(state));
    this.status.textContent = state.size ? `${atlas.size} 篇里的 ${found.length} 篇` : `共 ${atlas.size} 篇`;
    this.clear.hidden = state.size === 0;
    for (const fold of this.form.querySelectorAll("details")) this.showFacet(atlas, state, fold);
    if (this.rows.length === atlas.size) {
      const kept = new Set(found);
      this.rows.forEach((row, n) => (row.hidden = !kept.has(n)));
    } else if (state.size) this.draw(atlas, found);
    else this.body.replaceChildren(...this.rows);
    this.table.hidden = !found.length;
    if (!found.length) this.suggest(atlas, state);
  }

  /** @param {Atlas} atlas @param {Map<string, Set<string>>} state @param {HTMLDetailsElement} fold */
  showFacet(atlas, state, fold) {
    const boxes = [...fold.querySelectorAll("input")];
    const others = atlas.match(state, boxes[0].name);
    for (const box of boxes) {
      const label = /** @type {HTMLElement} */ (box.closest("label"));
      const number = atlas.countWith(others, box.name, box.value);
      /** @type {HTMLElement} */ (label.querySelector(".mj-facet-count")).textContent = String(number);
      label.classList.toggle("mj-facet-none", number === 0 && !box.checked);
    }
    const chosen = boxes.filter((box) => box.checked).length;
    /** @type {HTMLElement} */ (fold.querySelector(".mj-chosen")).textContent = chosen ? `（${chosen}）` : "";
  }

  /** 一篇也没有：说出放宽哪个分面会有几篇。 @param {Atlas} atlas @param {Map<string, Set<string>>} state */
  suggest(atlas, state) {
    const ways = [];
    for (const facet of state.keys()) {
      const number = count(atlas.match(state, facet));
      if (!number) continue;
      const fold = /** @type {HTMLElement} */ (this.form.querySelector(`input[name="${facet}"]`)?.closest("details"));
      const name = fold.querySelector("legend")?.textContent;
      ways.push(
        button(`不限${name}（${number} 篇）`, () => {
          for (const box of this.boxes()) if (box.name === facet) box.checked = false;
          this.change();
        }),
      );
    }
    const text = ways.length ? "没有同时符合的。放宽其中一个：" : "没有同时符合的，放宽一个也没有。";
    this.notes.append(stateBox("empty", text, ...(ways.length ? ways : [button("全部放开", () => this.form.reset())])));
  }

  /** @param {Atlas} atlas @param {number[]} found @param {number} [upTo] */
  draw(atlas, found, upTo = WINDOW) {
    this.body.replaceChildren(...found.slice(0, upTo).map((n) => this.row(atlas.data, n)));
    if (found.length > upTo) {
      this.notes.replaceChildren(button(`再看 ${Math.min(WINDOW, found.length - upTo)} 篇`, () => this.draw(atlas, found, upTo + WINDOW)));
    } else this.notes.replaceChildren();
  }

  /** @param {Data} data @param {number} n */
  row(data, n) {
    const head = element("th", { scope: "row" }, element("a", { href: data.url[n] }, data.name[n]));
    const [start, end] = data.period[n];
    const cells = Object.entries(COLUMNS).map(([label, facet]) => [label, data.values[facet][n].map((value) => data.facets[facet][value][1]).join("、")]);
    cells.push(["时间", start ? (start === end ? start : `${start} 至 ${end || "未提及"}`) : "未提及"]);
    return element("tr", {}, head, ...cells.map(([label, text]) => element("td", { "data-label": label }, text)));
  }
}

export function enhance() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form.mj-facets:not([data-ready])"))) {
    const table = /** @type {HTMLTableElement | null} */ (document.querySelector("table.mj-experiences"));
    if (!table) continue;
    form.dataset.ready = "";
    new Filter(form, table);
  }
}

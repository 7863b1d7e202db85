/** 几家并排：选了谁记在地址里（?with=甲,乙）；只有部分公司写到的一项做个记号。 */
import { element } from "./element.js";
import { once } from "./once.js";
import { readJson } from "./read_json.js";
import { missBox, stateBox } from "./state_box.js";

/** @typedef {[string, string]} Entry 文字与锚点 */
/** @typedef {{format: number, items: string[], experiences: Record<string, {name: string, url: string, items: Entry[][]}>}} Comparison */

const FORMAT = 1;

/** @param {HTMLFormElement} form */
function connect(form) {
  const status = /** @type {HTMLElement} */ (document.querySelector(".mj-compare-status"));
  const place = /** @type {HTMLElement} */ (document.querySelector(".mj-compare-table"));
  const selects = [...form.querySelectorAll("select")];
  const empty = [...place.children];
  const load = once(async () => {
    const data = /** @type {Comparison} */ (await readJson(form.dataset.src ?? ""));
    if (data.format !== FORMAT) throw new Error(`数据的格式是 ${data.format}：刷新页面`);
    return data;
  });

  const show = async () => {
    const chosen = [...new Set(selects.map((select) => select.value).filter(Boolean))];
    history.replaceState(history.state, "", chosen.length ? `?with=${chosen.join(",")}` : location.pathname);
    if (chosen.length < 2) {
      const name = selects.flatMap((select) => (select.value ? [select.selectedOptions[0].text] : []))[0];
      place.replaceChildren(...(name ? [stateBox("empty", "再选一家，就在这里并排列出。")] : empty));
      status.textContent = name ? `选了${name}` : "";
      return;
    }
    try {
      const data = await load();
      place.replaceChildren(draw(data, chosen));
      status.textContent = `并排 ${chosen.length} 家；每家的内容只来自写明的记录`;
    } catch (error) {
      status.textContent = "";
      place.replaceChildren(missBox("比较的数据", error, show));
      console.warn("比较的数据没有取到", error);
    }
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());

  const wanted = (new URLSearchParams(location.search).get("with") ?? "").split(",").filter(Boolean);
  const known = new Set([...selects[0].options].map((option) => option.value));
  const unknown = wanted.filter((key) => !known.has(key));
  wanted
    .filter((key) => known.has(key))
    .slice(0, selects.length)
    .forEach((key, i) => (selects[i].value = key));
  if (wanted.length) {
    show().then(() => {
      if (unknown.length) status.textContent += `。地址里的 ${unknown.join("、")} 不认识，没有用它`;
    });
  } else if (selects.some((select) => select.value)) {
    show(); // 脚本到之前就选了的
  }
}

/** @param {Comparison} data @param {string[]} chosen */
function draw(data, chosen) {
  const columns = chosen.map((key) => data.experiences[key]);
  const names = columns.map(({ name, url }) => element("th", { scope: "col" }, element("a", { href: url }, name)));
  const rows = data.items.flatMap((item, i) => {
    if (columns.every(({ items }) => !items[i].length)) return [];
    return [element("tr", {}, element("th", { scope: "row" }, item), ...columns.map((column) => drawCell(columns, column, i)))];
  });
  const head = element("tr", {}, element("th", { scope: "col" }, "项目"), ...names);
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

/** @param {Comparison["experiences"][string][]} columns @param {Comparison["experiences"][string]} column @param {number} i 第几项 */
function drawCell(columns, { url, items }, i) {
  if (!items[i].length) return element("td", { class: "mj-unknown" }, "未提及");
  const lines = items[i].map(([text, anchor]) => {
    const shared = columns.every((other) => other.items[i].some(([same]) => same === text));
    const line = element("li", {}, anchor ? element("a", { href: `${url}#${anchor}` }, text) : text);
    if (shared) line.append(element("span", { class: "mj-note" }, "（都有）"));
    return line;
  });
  return element("td", {}, element("ul", {}, ...lines));
}

export function enhance() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form.mj-compare:not([data-ready])"))) {
    form.dataset.ready = "";
    connect(form);
  }
}

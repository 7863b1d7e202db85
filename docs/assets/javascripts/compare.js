/** 几家并排：选了谁记在地址里（?with=甲,乙）；只有部分公司写到的一项做个记号。 */
import { readJson } from "./read_json.js";

/** @typedef {[string, string]} Entry 文字与锚点 */
/** @typedef {{format: number, items: string[], experiences: Record<string, {name: string, url: string, items: Entry[][]}>}} Comparison */

const FORMAT = 1;

/** @param {HTMLFormElement} form */
function connect(form) {
  const status = /** @type {HTMLElement} */ (document.querySelector(".mj-compare-status"));
  const place = /** @type {HTMLElement} */ (document.querySelector(".mj-compare-table"));
  const selects = [...form.querySelectorAll("select")];
  /** @type {Promise<Comparison> | undefined} */
  let loading;
  const load = () =>
    (loading ??= readJson(form.dataset.src ?? "")
      .then((data) => {
        if (data.format !== FORMAT) throw new Error(`数据的格式是 ${data.format}：刷新页面`);
        return data;
      })
      .catch((error) => {
        loading = undefined;
        throw error;
      }));

  const show = async () => {
    const chosen = [...new Set(selects.map((select) => select.value).filter(Boolean))];
    history.replaceState(history.state, "", chosen.length ? `?with=${chosen.join(",")}` : location.pathname);
    if (chosen.length < 2) {
      place.replaceChildren();
      status.textContent = chosen.length ? "再选一家" : "";
      return;
    }
    try {
      const data = await load();
      place.replaceChildren(draw(data, chosen));
      status.textContent = `并排 ${chosen.length} 家；每家的内容只来自写明的记录`;
    } catch (error) {
      status.textContent = `比较的数据没有取到（${/** @type {Error} */ (error).message}），检查网络后再选一次`;
      console.warn(error);
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
  }
}

/** @param {Comparison} data @param {string[]} chosen */
function draw(data, chosen) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(header("项目", "col"));
  for (const key of chosen) {
    const cell = header("", "col");
    cell.append(link(data.experiences[key].name, data.experiences[key].url));
    head.append(cell);
  }
  const body = table.createTBody();
  data.items.forEach((item, i) => {
    const columns = chosen.map((key) => data.experiences[key].items[i]);
    if (columns.every((entries) => !entries.length)) return;
    const row = body.insertRow();
    row.append(header(item, "row"));
    chosen.forEach((key, column) => {
      const cell = row.insertCell();
      if (!columns[column].length) {
        cell.className = "mj-unknown";
        cell.textContent = "未提及";
        return;
      }
      const list = document.createElement("ul");
      for (const [text, anchor] of columns[column]) {
        const line = document.createElement("li");
        line.append(anchor ? link(text, `${data.experiences[key].url}#${anchor}`) : text);
        const shared = columns.every((entries) => entries.some(([other]) => other === text));
        if (shared) line.append(mark("（都有）"));
        list.append(line);
      }
      cell.append(list);
    });
  });
  return table;
}

/** @param {string} text @param {"col" | "row"} scope */
function header(text, scope) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

/** @param {string} text @param {string} href */
function link(text, href) {
  const made = document.createElement("a");
  made.href = href;
  made.textContent = text;
  return made;
}

/** @param {string} text */
function mark(text) {
  const made = document.createElement("span");
  made.className = "mj-note";
  made.textContent = text;
  return made;
}

export function enhance() {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form.mj-compare:not([data-ready])"))) {
    form.dataset.ready = "";
    connect(form);
  }
}

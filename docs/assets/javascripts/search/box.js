/** 搜索框的界面：提问、列出结果、键盘、过滤、分享。习惯沿用主题自带的搜索。 */
import { renderKinds, renderResults, renderStart } from "./results.js";

/**
 * @typedef {import("./engine.js").Answer} Answer
 * @typedef {import("./answer.js").Reply} Reply
 */

const PAGE = 8;
const SITE = new URL("../../", import.meta.url);

/** @template {HTMLElement} T @param {string} name @returns {T} */
function part(name) {
  return /** @type {T} */ (document.querySelector(`[data-mj-component="search${name}"]`));
}

/**
 * @param {import("./thread.js").Thread} worker 搜索的线程，已经在跑
 * @param {Promise<ErrorEvent>} broken 线程没有取到或不能运行
 * @param {typeof import("./fault.js").showFault} showFault
 */
export function startBox(worker, broken, showFault) {
  const toggle = /** @type {HTMLInputElement} */ (document.getElementById("__search"));
  const box = part("");
  const form = /** @type {HTMLFormElement} */ (part("-form"));
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("q"));
  const status = part("-status");
  const fault = part("-fault");
  const kinds = part("-kinds");
  const results = part("-results");
  const end = part("-end");
  const suggest = part("-suggest");

  let [kind, limit, asked] = ["", PAGE, 0];
  /** @type {string | undefined} */
  let shown;

  function ask() {
    const text = input.value;
    suggest.textContent = "";
    if (!text.trim()) {
      asked++;
      shown = "";
      clear("公司、考点、题目、代码里的名字都可以搜");
      renderStart(results, (example) => {
        input.value = example;
        input.focus();
        ask();
      });
      return;
    }
    if (!shown) clear("正在搜 …");
    box.setAttribute("aria-busy", "true");
    worker.postMessage({ id: ++asked, text, kind, limit });
  }

  /** @param {string} message */
  function clear(message) {
    status.textContent = message;
    results.replaceChildren();
    delete results.dataset.query;
    kinds.hidden = fault.hidden = true;
    end.replaceChildren();
    box.removeAttribute("aria-busy");
  }

  broken.then(({ message }) => {
    clear("搜索没有启动");
    showFault(`搜索的程序没有取到或不能运行（${message || "检查网络"}）。`);
  });
  worker.addEventListener("message", (event) => {
    const { data } = /** @type {MessageEvent<Reply>} */ (event);
    if (data.id !== asked) return;
    if (data.error !== undefined || !data.answer) {
      clear("没有搜成");
      showFault(`索引没有取到：${data.error}。`, ask);
      return;
    }
    show(data.answer);
  });

  /** @param {Answer} answer */
  function show(answer) {
    const sameQuery = shown === `${kind}\n${answer.query}`;
    shown = `${kind}\n${answer.query}`;
    box.removeAttribute("aria-busy");
    status.textContent = describe(answer, kind);
    fault.hidden = !answer.failed.length;
    if (answer.failed.length) showFault(`有 ${answer.failed.length} 个索引文件没有取到，结果可能不全。`, ask);
    renderKinds(kinds, answer, kind, (chosen) => {
      [kind, limit] = [chosen, PAGE];
      ask();
    });
    renderResults(results, answer, SITE);
    end.replaceChildren();
    if (answer.total > answer.results.length) end.append(moreButton(answer));
    if (!sameQuery) results.closest(".md-search__scrollwrap")?.scrollTo(0, 0);
    suggest.textContent = answer.completion ? input.value + answer.completion : "";
  }

  /** @param {Answer} answer */
  function moreButton(answer) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "mj-search-more";
    button.textContent = `再看 ${Math.min(PAGE, answer.total - answer.results.length)} 条`;
    button.addEventListener("click", () => {
      limit += PAGE;
      ask();
    });
    return button;
  }

  function close() {
    if (toggle.checked) toggle.click();
    input.blur();
  }

  input.addEventListener("input", (event) => {
    if (/** @type {InputEvent} */ (event).isComposing) return;
    limit = PAGE;
    ask();
  });
  input.addEventListener("compositionend", ask);
  form.addEventListener("reset", () => {
    input.value = "";
    input.focus();
    ask();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    links(results)[0]?.click();
  });
  results.addEventListener("click", (event) => {
    if (/** @type {Element} */ (event.target).closest("a")) close();
  });
  toggle.addEventListener("change", () => {
    if (toggle.checked) return;
    const url = new URL(location.href);
    if (!url.searchParams.has("q")) return;
    url.searchParams.delete("q");
    history.replaceState(history.state, "", url);
  });
  part("-share").addEventListener("click", async () => {
    const url = new URL(location.href);
    url.search = new URLSearchParams({ q: input.value }).toString();
    url.hash = "";
    try {
      await navigator.clipboard.writeText(url.href);
      status.textContent = "链接已复制";
    } catch {
      status.textContent = `浏览器不让复制，链接是：${url.href}`;
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    onKey(event, { input, results, suggest, close, ask });
  });
  ask();
}

/**
 * Esc 关闭；上下在输入框与结果之间走；右键接受补全；在结果上打字就回到输入框。
 *
 * @param {KeyboardEvent} event
 * @param {{input: HTMLInputElement, results: HTMLElement, suggest: HTMLElement, close: () => void, ask: () => void}} parts
 */
function onKey(event, { input, results, suggest, close, ask }) {
  const { key } = event;
  if (key === "Escape") {
    close();
  } else if (key === "ArrowDown" || key === "ArrowUp") {
    const stops = [input, ...links(results)];
    const at = stops.indexOf(/** @type {HTMLInputElement} */ (document.activeElement));
    const next = (Math.max(at, 0) + (key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length;
    stops[next].focus();
  } else if (key === "ArrowRight" && document.activeElement === input) {
    const completed = suggest.textContent ?? "";
    if (input.selectionStart !== input.value.length || completed.length <= input.value.length) return;
    input.value = completed;
    ask();
  } else if (key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement?.closest(".md-search-result__list")) {
    if (key === " ") return;
    input.focus();
    return; // 这个字符落进输入框
  } else {
    return;
  }
  event.preventDefault();
}

/** 看得见的结果链接。 @param {HTMLElement} results */
function links(results) {
  return /** @type {HTMLAnchorElement[]} */ ([...results.querySelectorAll("a")].filter((link) => link.getClientRects().length));
}

/** 状态行的一句话，读屏也读它。 @param {Answer} answer @param {string} kind */
function describe(answer, kind) {
  const parts = [];
  if (answer.total) parts.push(`找到 ${answer.total} 页${kind ? `（${kind}）` : ""}`);
  else if (answer.failed.length) parts.push(`索引没有取全，说不准有没有「${shorten(answer.query)}」`);
  else if (!answer.waiting) parts.push(`没有找到「${shorten(answer.query)}」`);
  if (answer.corrected.length) {
    parts.push(answer.corrected.map(([from, to]) => `「${from}」按「${to}」搜`).join("，"));
  }
  if (answer.cut) parts.push("查询太长，只用了开头");
  if (answer.waiting) parts.push("还有一部分索引在路上");
  return parts.join("；");
}

/** @param {string} text */
function shorten(text) {
  const chars = [...text.trim()];
  return chars.length > 30 ? `${chars.slice(0, 30).join("")}…` : text.trim();
}

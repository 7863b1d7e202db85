/** 手写题列表上的进度，导出与导入。 */
import { button } from "../button.js";
import { describeRecord, readRecord, writeRecord } from "./record.js";

const KIND = "mianjing-practice";

/** @param {HTMLElement} place */
export function showProgress(place) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const file = document.createElement("input");
  file.type = "file";
  file.accept = "application/json";
  file.hidden = true;
  file.setAttribute("aria-label", "选导出过的进度文件");
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (chosen) bringIn(await chosen.text(), status, mark);
    file.value = "";
  });
  const bar = document.createElement("div");
  bar.className = "mj-run";
  bar.append(button("导出进度", () => takeOut(status)), button("导入进度", () => file.click()), file, status);
  place.append(bar);
  place.hidden = false;
  const mark = () => {
    let passed = 0;
    const links = keys();
    for (const [key, link] of links) {
      const record = readRecord(key);
      passed += Number(Boolean(record.passed));
      const note = link.parentElement?.querySelector(".mj-done") ?? document.createElement("strong");
      note.className = "mj-done";
      note.textContent = ` ${describeRecord(record)}`;
      link.after(note);
    }
    status.textContent = `通过了 ${passed} / ${links.size} 题，只记在这台机器上`;
  };
  mark();
}

/** 列表里各题的键与链接。 @returns {Map<string, HTMLElement>} */
function keys() {
  const links = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("a[data-exercise-link]"));
  return new Map([...links].map((link) => [link.dataset.exerciseLink ?? "", link]));
}

/** @param {HTMLElement} status */
function takeOut(status) {
  /** @type {Record<string, unknown>} */
  const items = {};
  for (const key of keys().keys()) {
    const record = readRecord(key);
    if (Object.keys(record).length) items[key] = record;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ kind: KIND, version: 1, items }, null, 1)], { type: "application/json" }));
  link.download = "mianjing-practice.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  status.textContent = `导出了 ${Object.keys(items).length} 题`;
}

/** 导入：文件不对就说为什么；被换掉的可以撤销。 @param {string} text @param {HTMLElement} status @param {() => void} mark */
function bringIn(text, status, mark) {
  const items = readItems(text);
  if (typeof items === "string") {
    status.textContent = `没有导入：${items}`;
    return;
  }
  const before = Object.keys(items).map((key) => /** @type {const} */ ([key, readRecord(key)]));
  const reasons = Object.entries(items).map(([key, record]) => writeRecord(key, record));
  mark();
  status.textContent = reasons.find(Boolean) || `导入了 ${before.length} 题 `;
  status.append(
    button("撤销", () => {
      for (const [key, record] of before) writeRecord(key, record);
      mark();
    }),
  );
}

/** @param {string} text @returns {Record<string, import("./record.js").PracticeRecord> | string} */
function readItems(text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return "不是 JSON 文件";
  }
  if (data?.kind !== KIND) return "不是从这里导出的进度文件";
  if (data.version !== 1) return `版本 ${data.version} 不认识，只认识 1`;
  if (!data.items || typeof data.items !== "object" || Array.isArray(data.items)) return "文件里没有 items";
  const known = keys();
  for (const [key, record] of Object.entries(data.items)) {
    if (!known.has(key)) return `没有「${key}」这道题`;
    if (!record || typeof record !== "object" || (record.text !== undefined && typeof record.text !== "string")) return `「${key}」的内容不对`;
  }
  return data.items;
}

/** 手写题列表上的进度；导出与导入在 `../progress.js`。 */
import { onStored } from "../stored.js";
import { describeRecord, readRecord } from "./record.js";

/** @param {HTMLElement} place */
export function showProgress(place) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  place.append(status);
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
  onStored(place, mark);
}

/** 列表里各题的键与链接。 @returns {Map<string, HTMLElement>} */
function keys() {
  const links = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("a[data-exercise-link]"));
  return new Map([...links].map((link) => [link.dataset.exerciseLink ?? "", link]));
}

/**
 * 让带 data-sortable 的表可以点表头排序（tablesort）。没有 JavaScript 时表照样可读。
 *
 * Tablesort 只认鼠标点击；表头是按钮时键盘也能用，排序方向用 aria-sort 读出来。
 */
import Tablesort from "tablesort";

Tablesort.extend(
  "chinese",
  (/** @type {string} */ text) => /[\u4e00-\u9fff]/.test(text),
  (/** @type {string} */ a, /** @type {string} */ b) => b.localeCompare(a, "zh-Hans-CN"),
);

export function enhance() {
  for (const table of document.querySelectorAll("table[data-sortable]:not([data-sorted])")) {
    table.setAttribute("data-sorted", "");
    for (const header of table.querySelectorAll("thead th:not([data-sort-method='none'])")) {
      header.setAttribute("tabindex", "0");
      header.setAttribute("title", "按这一列排序");
      header.addEventListener("keydown", (event) => {
        const key = /** @type {KeyboardEvent} */ (event).key;
        if (key === "Enter" || key === " ") {
          event.preventDefault();
          /** @type {HTMLElement} */ (header).click();
        }
      });
    }
    new Tablesort(/** @type {HTMLTableElement} */ (table));
  }
}

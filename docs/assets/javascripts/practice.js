/** 手写题：题目页的作答区，列表页的进度。 */
import { showProgress } from "./practice/progress.js";
import { Workbench } from "./practice/workbench.js";

export function enhance() {
  const area = /** @type {HTMLElement | null} */ (document.querySelector(".mj-practice"));
  if (area && !area.childElementCount) new Workbench(area);
  const list = /** @type {HTMLElement | null} */ (document.querySelector(".mj-practice-progress"));
  if (list && !list.childElementCount) showProgress(list);
}

/** 推导页的运行与编辑：每格 运行、编辑、还原，全本 全部运行、停止、重置。 */
import { Notebook } from "./cells/notebook.js";
import { Panel } from "./cells/panel.js";

/** 即时换页时留着，所以换到下一部分不用从头再跑。 @type {Map<string, Notebook>} */
const notebooks = new Map();

export function enhance() {
  const bar = /** @type {HTMLElement | null} */ (document.querySelector(".mj-run[data-notebook]"));
  if (!bar || bar.childElementCount) return;
  const key = bar.dataset.notebook ?? "";
  const address = new URL(bar.dataset.cells ?? "", location.href).href;
  const notebook = notebooks.get(key) ?? new Notebook(key, address);
  notebooks.set(key, notebook);
  new Panel(bar, notebook);
}

/** 每页都取的入口：搜索，以及按这一页的内容去取的能力。 */
import { reachAnchor } from "./anchors.js";
import * as codeBars from "./code_bars.js";
import { layOut } from "./later.js";
import { register } from "./offline/register.js";
import { enableScheme } from "./scheme.js";
import * as scrollable from "./scrollable.js";
import "./search.js";
import { markPage } from "./search/highlight.js";
import { nameToggles } from "./toggles.js";

/** 页面里有左边的东西，才取右边的代码；多数页面都用的几行随入口来。各模块的 enhance 可以重复调用。 */
const CAPABILITIES = /** @type {[string, () => Promise<{enhance(): void}>][]} */ ([
  ["table[data-sortable]", () => import("./tables.js")],
  ["article table, article pre, .mj-math", async () => scrollable],
  ["article pre", async () => codeBars],
  ["details.mj-fold", () => import("./answers.js")],
  ["form.mj-facets", () => import("./atlas.js")],
  ["form.mj-compare", () => import("./compare.js")],
  ["form[data-calculator]", () => import("./calculators.js")],
  [".mj-run[data-notebook]", () => import("./cells.js")],
  [".mj-practice, .mj-practice-progress", () => import("./practice.js")],
  [".mj-review, .mj-mock", () => import("./review.js")],
  [".mj-plan", () => import("./plan.js")],
  [".mj-progress", () => import("./progress.js")],
  ["form[data-experience-form]", () => import("./contribute.js")],
  [".mj-offline, .mj-offline-list", () => import("./offline.js")],
]);

function enhance() {
  layOut();
  reachAnchor();
  markPage();
  nameToggles();
  enableScheme();
  for (const [selector, load] of CAPABILITIES) {
    if (document.querySelector(selector)) {
      load().then((capability) => capability.enhance(), (error) => console.warn(`没有取到 ${selector} 的脚本`, error));
    }
  }
}

/** Material 的即时导航每次换页后发一次；没有它时就是普通的页面加载。 */
const pages = /** @type {{document$?: {subscribe(next: () => void): void}}} */ (
  /** @type {unknown} */ (globalThis)
).document$;
if (pages) pages.subscribe(enhance);
else enhance();
register();

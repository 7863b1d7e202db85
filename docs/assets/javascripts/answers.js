/**
 * 题目页的答案先折着：一个按钮全部展开或收起，选择记在本机；从别处跳到某一层，那一层自己打开。
 */

const KEY = "mianjing.answers";

/** @param {() => boolean} read 存储被禁用时当作没有记过 */
function isOpenByChoice(read) {
  try {
    return read();
  } catch {
    return false;
  }
}

function enhance() {
  const folds = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.mj-fold"));
  if (!folds.length || document.querySelector(".mj-fold-all")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mj-fold-all";
  const set = (/** @type {boolean} */ open) => {
    for (const fold of folds) fold.open = open;
    button.textContent = open ? "收起全部答案" : "展开全部答案";
    button.setAttribute("aria-pressed", String(open));
  };
  set(isOpenByChoice(() => localStorage.getItem(KEY) === "open"));
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    set(open);
    try {
      localStorage.setItem(KEY, open ? "open" : "closed");
    } catch {
      button.textContent += "（浏览器不让记住这个选择）";
    }
  });
  document.querySelector("article h2")?.before(button);
  openTarget();
}

function openTarget() {
  const heading = document.querySelector("article :target");
  const fold = heading && heading.nextElementSibling;
  if (fold instanceof HTMLDetailsElement) fold.open = true;
}

addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details.mj-fold")) fold.setAttribute("open", "");
});

const pages = /** @type {{document$?: {subscribe(next: () => void): void}}} */ (
  /** @type {unknown} */ (globalThis)
).document$;
if (pages) pages.subscribe(enhance);
else enhance();

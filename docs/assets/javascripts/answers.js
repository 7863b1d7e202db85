/**
 * 题目页的答案先折着：一个按钮全部展开或收起，选择记在本机；从别处跳到某一层，那一层自己打开。
 */

const KEY = "mianjing.answers";

/** 这次访问里打开着的：即时导航有时把同一页的正文重新放一遍，放完要恢复。 @type {Set<string>} */
const opened = new Set();

/** @param {HTMLDetailsElement} fold */
function nameOf(fold) {
  return `${location.pathname}#${fold.previousElementSibling?.id}`;
}

/** @param {() => boolean} read 存储被禁用时当作没有记过 */
function isOpenByChoice(read) {
  try {
    return read();
  } catch {
    return false;
  }
}

export function enhance() {
  const folds = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.mj-fold"));
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector(".mj-fold-all"));
  if (!folds.length || !button || button.dataset.ready) return;
  button.dataset.ready = "";
  const set = (/** @type {boolean} */ open) => {
    for (const fold of folds) fold.open = open;
    button.textContent = open ? "收起全部答案" : "展开全部答案";
    button.setAttribute("aria-pressed", String(open));
  };
  const kept = [...folds].filter((fold) => opened.has(nameOf(fold)));
  set(isOpenByChoice(() => localStorage.getItem(KEY) === "open"));
  for (const fold of kept) fold.open = true;
  for (const fold of folds) {
    fold.addEventListener("toggle", () => {
      if (fold.open) opened.add(nameOf(fold));
      else opened.delete(nameOf(fold));
    });
  }
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    set(open);
    try {
      localStorage.setItem(KEY, open ? "open" : "closed");
    } catch {
      button.textContent += "（浏览器不让记住这个选择）";
    }
  });
  button.disabled = false;
  openTarget();
}

/** 地址里的锚点；写坏了的百分号编码不指向任何一节。 */
function targetId() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function openTarget() {
  const id = targetId();
  const heading = id ? document.getElementById(id) : null;
  const fold = heading && heading.nextElementSibling;
  if (!(fold instanceof HTMLDetailsElement)) return;
  fold.open = true;
  opened.add(nameOf(fold));
}

addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details.mj-fold")) fold.setAttribute("open", "");
});

/** 主题给每段代码放一条只有「复制」的 nav，读屏把它们都当成导航：去掉这个角色。 */

/** @param {ParentNode} place */
function demote(place) {
  for (const bar of place.querySelectorAll("nav.md-code__nav:not([role])")) bar.setAttribute("role", "none");
}

/** 主题要等代码块进了视口才放。 */
const added = new MutationObserver((records) => {
  for (const { target } of records) demote(/** @type {Element} */ (target));
});

export function enhance() {
  for (const block of document.querySelectorAll("article pre")) added.observe(block, { childList: true });
  demote(document);
}

/** 首页的搜索按钮：打开主题自带的搜索框并把焦点放进去。事件挂在 document 上，即时换页后仍然有效。 */
document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (!target.closest("[data-mj-search]")) return;
  const toggle = /** @type {HTMLInputElement | null} */ (document.getElementById("__search"));
  const query = /** @type {HTMLInputElement | null} */ (
    document.querySelector("[data-md-component='search-query']")
  );
  if (toggle && !toggle.checked) toggle.click();
  query?.focus();
});

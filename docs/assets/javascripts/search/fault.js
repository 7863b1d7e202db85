/**
 * 搜索没有搜成：哪里没有取到，重试，不用搜索的去处。索引与界面都可能没有取到，所以在入口里；
 * 不用别的模块，入口才不多取文件。
 */

/** @param {string} message @param {() => void} [retry] 没有就请读者刷新 */
export function showFault(message, retry) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-mj-component='search-fault']"));
  const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-mj-component='search-form']"));
  const text = document.createElement("p");
  text.textContent = message;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = retry ? "重试" : "刷新这一页";
  again.addEventListener("click", retry ?? (() => location.reload()));
  const tags = document.createElement("a");
  tags.href = form.action;
  tags.textContent = "按标签找";
  const ways = document.createElement("div");
  ways.className = "mj-empty__acts";
  ways.append(again, tags);
  place.replaceChildren(text, ways);
  place.hidden = false;
}

/** 搜索没有搜成：哪里没有取到，重试，不用搜索的去处。索引与界面都可能没有取到，所以入口也用它。 */
import { button } from "../button.js";
import { element } from "../element.js";

/** @param {string} message @param {() => void} [retry] 没有就请读者刷新 */
export function showFault(message, retry) {
  const place = /** @type {HTMLElement} */ (document.querySelector("[data-mj-component='search-fault']"));
  const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-mj-component='search-form']"));
  const ways = element("div", { class: "mj-empty__acts" }, retry ? button("重试", retry) : button("刷新这一页", () => location.reload()));
  ways.append(element("a", { href: form.action }, "按标签找"));
  place.replaceChildren(element("p", {}, message), ways);
  place.hidden = false;
}

/** 空着、在取、出错的一块：一句话说现在怎样，下面一排能做的。样子见 site.css 的 .mj-empty。 */
import { button } from "./button.js";
import { element } from "./element.js";
import { describeFetch } from "./fetch_fault.js";

/** 读屏何时念它；空着的由旁边的状态行说。 @type {Record<string, string | undefined>} */
const ROLES = { loading: "status", fault: "alert" };

/**
 * @param {"empty" | "loading" | "fault"} state
 * @param {string} text
 * @param {...(Node | string)} actions 按钮与链接
 */
export function stateBox(state, text, ...actions) {
  const body = element("div", {}, element("p", {}, text));
  if (actions.length) body.append(element("div", { class: "mj-empty__acts" }, ...actions));
  return element("div", { class: `mj-empty mj-empty--${state}`, role: ROLES[state] }, body);
}

/**
 * 没有取到：什么没有取到、为什么、再取一次，以及不用它的去处。
 * @param {string} what @param {unknown} error @param {() => void} retry @param {...(Node | string)} others
 */
export function missBox(what, error, retry, ...others) {
  return stateBox("fault", `${what}没有取到：${describeFetch(error)}。检查网络后再取一次。`, button("再取一次", retry), ...others);
}

/** 交出去：打开 GitHub 的编辑器、复制、下载。 */
import { button } from "../button.js";
import { downloadText } from "../download.js";

export const ADDRESS_LIMIT = 8000;
/** GitHub 的地址最多约 8 KB，一个汉字在地址里占 9 字节。 */
const FOLDER = "docs/experiences";

/**
 * GitHub 新建文件的地址；连内容一起放得下时 whole 为真，放不下就只带文件名。
 * @param {string} repository 主人/仓库
 * @param {string} name 文件名，带后缀
 * @param {string} text
 */
export function makeAddress(repository, name, text) {
  const short = `https://github.com/${repository}/new/main/${FOLDER}?filename=${encodeURIComponent(name)}`;
  const long = `${short}&value=${encodeURIComponent(text)}`;
  return long.length <= ADDRESS_LIMIT ? { address: long, whole: true } : { address: short, whole: false };
}

/** 复制；返回要给人看的一句。 @param {string} text @param {string} what */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    return `${what}已经复制`;
  } catch (error) {
    console.warn("没有复制成", error);
    return "浏览器不让复制：打开「文件原文」，全选后自己复制";
  }
}

/** @param {string} name @param {string} text */
export function downloadMarkdown(name, text) {
  downloadText(name, text, "text/markdown;charset=utf-8");
}

/** @typedef {{repository: string, name: string, text: string, company: string}} Finished */

/** 没有问题之后的一块：接下来怎么做，一步一步。 @param {HTMLElement} place @param {Finished} finished */
export function showReady(place, { repository, name, text, company }) {
  const title = document.createElement("h3");
  title.textContent = "没有问题，可以提交了";
  const steps = document.createElement("ol");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const add = (/** @type {(Node | string)[]} */ ...content) => {
    const step = document.createElement("li");
    step.append(...content);
    steps.append(step);
  };
  const copy = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ what) =>
    button(label, async () => {
      status.textContent = await copyText(value, what);
    });
  if (repository) {
    const { address, whole } = makeAddress(repository, name, text);
    const open = document.createElement("a");
    open.href = address;
    open.target = "_blank";
    open.rel = "noopener";
    open.className = "mj-start";
    open.textContent = "打开 GitHub 的编辑器";
    if (whole) {
      add(open, "，文件名与内容都已经填好（没有登录会先请你登录；第一次会请你 fork，点绿色的按钮）。");
    } else {
      add(copy("复制全文", text, "全文"), `：全文太长，地址里放不下（GitHub 的地址最多约 8 KB，一个汉字占 9 字节）。`);
      add(open, "，只填好了文件名；在大的编辑框里粘贴。");
    }
    add("点右上角的「Commit changes…」，再点「Propose changes」，最后点「Create pull request」。检查会在 PR 上再跑一遍。");
  } else {
    add(copy("复制全文", text, "全文"), " 或 ", button("下载", () => downloadMarkdown(name, text)), `，文件名是 ${name}。`);
    add(`这份站没有设置代码仓库的地址：把文件放进 ${FOLDER}/ 提一个 PR，或者交给维护者。`);
  }
  if (company) {
    const entry = document.createElement("pre");
    entry.textContent = company;
    add("新公司还要登记：在同一个 PR 里打开 ", `${FOLDER}/companies.yml`, "，在末尾加上这一段（不会改就贴在 PR 的说明里，由维护者加）：", entry, copy("复制这一段", company, "这一段"));
  }
  place.replaceChildren(title, steps, status);
}

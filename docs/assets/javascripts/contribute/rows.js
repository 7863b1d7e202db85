/** 列表里的各项：称呼、编号、按钮的名字、指向哪一段。 */
import { findControl, items, ownControl } from "./fields.js";
import { readParagraphs } from "./record.js";

const NAMES = /** @type {Record<string, string>} */ ({ rounds: "轮", asked: "项问到的", not_asked: "项没有问的", requirements: "项门槛" });

/** 第几项的称呼，如「第 2 项问到的」；i 从 0 数。 @param {string} list @param {number} i */
export function describeItem(list, i) {
  return `第 ${i + 1} ${NAMES[list]}`;
}

/** 一格的称呼，如「第 2 轮 · 第 1 项问到的 · 考点」。 @param {HTMLFormElement} form @param {string} at */
export function describeControl(form, at) {
  const parts = at.split(".");
  const names = [];
  while (parts.length > 1) names.push(describeItem(parts.shift() ?? "", Number(parts.shift())));
  const label = findControl(form, at).closest("label")?.querySelector("span")?.textContent?.replace("（必填）", "") ?? "";
  return [...names, label].join(" · ");
}

/** 这个列表的项指向的那一栏经过。 @param {HTMLElement} list */
export function storyOf(list) {
  const form = /** @type {HTMLElement} */ (list.closest("form"));
  const round = /** @type {HTMLElement | null} */ (list.closest("[data-item]"));
  const name = list.dataset.list === "requirements" ? "before" : "after";
  return /** @type {HTMLTextAreaElement} */ (round ? ownControl(round, "story") : ownControl(form, name));
}

/** 增减、调换、改了经过之后：各项的称呼、按钮的名字、段落的选择。 @param {HTMLFormElement} form */
export function labelItems(form) {
  for (const list of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-list]"))) {
    const name = list.dataset.list ?? "";
    for (const [i, item] of items(list).entries()) {
      const heading = item.querySelector("[data-heading]");
      if (heading) heading.textContent = describeItem(name, i);
      item.setAttribute("aria-label", describeItem(name, i));
      for (const press of item.querySelectorAll("[data-move], [data-remove]")) {
        if (press.closest("[data-item]") === item) press.setAttribute("aria-label", `${describeItem(name, i)}：${press.textContent}`);
      }
      if (name !== "rounds") offerParagraphs(item, readParagraphs(storyOf(list).value));
    }
  }
}

/** 可以指向的各段；选着的那一段没有了也留着，由检查指出。 @param {HTMLElement} item @param {string[]} paragraphs */
function offerParagraphs(item, paragraphs) {
  const select = /** @type {HTMLSelectElement} */ (ownControl(item, "paragraph"));
  const kept = select.value;
  const total = Math.max(1, paragraphs.length, Number(kept));
  const options = Array.from({ length: total }, (_, i) => `第 ${i + 1} 段${paragraphs[i] ? `：${[...paragraphs[i]].slice(0, 12).join("")}` : ""}`);
  if (options.join("\n") === [...select.options].map(({ text }) => text).join("\n")) return;
  select.replaceChildren(...options.map((text, i) => new Option(text, String(i + 1))));
  select.value = kept;
}

/** 轮次按现在的次序重新编号；几轮合写的占几号，空着与写错的不编。 @param {HTMLElement} rounds */
export function numberRounds(rounds) {
  let next = 1;
  for (const { control, low, high } of readIndexes(rounds)) {
    const last = next + high - low;
    control.value = last > next ? `${next}-${last}` : String(next);
    next = last + 1;
  }
}

/** 新的一轮是第几轮。 @param {HTMLElement} rounds */
export function nextIndex(rounds) {
  return String(Math.max(0, ...readIndexes(rounds).map(({ high }) => high)) + 1);
}

/** 写对了编号的各轮。 @param {HTMLElement} rounds */
function readIndexes(rounds) {
  return items(rounds).flatMap((round) => {
    const control = /** @type {HTMLInputElement} */ (ownControl(round, "index"));
    const [, first, last = first] = control.value.trim().match(/^([1-9][0-9]?)(?:-([1-9][0-9]?))?$/) ?? [];
    const [low, high] = [Number(first), Number(last)];
    return low <= high ? [{ control, low, high }] : [];
  });
}

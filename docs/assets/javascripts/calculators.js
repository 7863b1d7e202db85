/** 计算器页：改一个数就重算；不成数、超出范围的在那一格说明，结果变成「—」。 */
import { FORMULAS, showNumber } from "./calculators/formulas.js";

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

export function enhance() {
  const source = document.getElementById("mj-presets");
  if (!source) return;
  const presets = JSON.parse(source.dataset.presets ?? "{}");
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-calculator]"))) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => update(form, presets));
    update(form, presets); // 脚本到之前改的、浏览器刷新后留在格里的
  }
}

/** @param {HTMLFormElement} form @param {Record<string, unknown>} presets */
function update(form, presets) {
  /** @type {Record<string, unknown>} */
  const values = {};
  /** @type {Record<string, string>} */
  const texts = {};
  let right = true;
  for (const field of /** @type {NodeListOf<Field>} */ (form.querySelectorAll("input, select"))) {
    const text = field.value.normalize("NFKC").trim();
    const error = check(field, text);
    field.setAttribute("aria-invalid", String(error !== ""));
    const place = document.getElementById(`${field.id}-error`);
    if (place) place.textContent = error;
    right &&= error === "";
    values[field.name] = field.dataset.kind === "preset" ? presets[text] : Number(text);
    texts[field.name] = field.dataset.kind === "preset" ? text : text.replace(/[,_]/g, "");
  }
  for (const output of form.querySelectorAll("output")) {
    const { function: name = "", unit = "", shown = "" } = output.dataset;
    const value = right ? FORMULAS[name](values) : NaN;
    const strong = output.querySelector("strong");
    const code = output.querySelector("code");
    if (strong) strong.textContent = Number.isFinite(value) ? showNumber(value, unit) : "—";
    if (code) code.textContent = shown.replace(/\{(\w+)\}/g, (_, field) => texts[field] ?? "");
  }
}

/** 一格里的错；没有错时为空串。 @param {Field} field @param {string} text */
function check(field, text) {
  const { kind, low, high } = field.dataset;
  if (kind === "preset" || kind === "choice") return "";
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) return "不是数：写成 4096、7e9 或 0.4";
  if (kind === "integer" && !Number.isInteger(number)) return "要整数";
  if (low !== undefined && number < Number(low)) return `不小于 ${low}`;
  if (high !== undefined && number > Number(high)) return `不大于 ${high}`;
  return "";
}

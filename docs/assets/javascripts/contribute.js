/** 贡献面经的表单。规则没有取到时，页面上原来的说明（模板、issue 表单）留着。 */
import { Panel } from "./contribute/panel.js";
import { button } from "./button.js";
import { readJson } from "./read_json.js";
import { stateBox } from "./state_box.js";

export async function enhance() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-experience-form]"));
  if (!form || form.dataset.experienceForm) return;
  form.dataset.experienceForm = "loading";
  try {
    new Panel(form, await readJson(form.dataset.rules ?? ""));
  } catch (error) {
    form.dataset.experienceForm = "";
    form.dataset.failed = "";
    console.warn("表单的规则没有取到", error);
    const fallback = document.querySelector("[data-form-fallback] p");
    fallback?.replaceWith(stateBox("fault", "表单要用的规则没有取到：检查网络后刷新这一页。不用表单也能投稿，办法在下面。", button("刷新这一页", () => location.reload())));
  }
}

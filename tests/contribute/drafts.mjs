/** 浏览器端怎样对待一批草稿：node drafts.mjs < {rules, month, drafts} > 每份的补全、文件名、全文、公司段、问题。 */
import { text } from "node:stream/consumers";
import { completeDraft, nameFile, writeCompany, writeRecord } from "../../docs/assets/javascripts/contribute/record.js";
import { checkDraft } from "../../docs/assets/javascripts/contribute/rules.js";

const { rules, month, drafts } = JSON.parse(await text(process.stdin));
const answers = drafts.map((/** @type {import("../../docs/assets/javascripts/contribute/record.js").Draft} */ typed) => {
  const draft = completeDraft(typed, rules);
  return {
    draft,
    name: nameFile(draft, rules),
    record: writeRecord(draft, rules),
    company: writeCompany(draft, rules),
    problems: checkDraft(draft, rules, month),
  };
});
process.stdout.write(JSON.stringify(answers));

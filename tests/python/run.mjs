// 在 Node 里的 Pyodide 上执行网页用的 harness.py：标准输入是一行一个请求，回答也是一行一个。
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadPyodide } from "pyodide";

const base = `${process.cwd()}/docs/assets/pyodide/`;
const pyodide = await loadPyodide({ indexURL: base, packageBaseUrl: base, stdin: () => null });
await pyodide.loadPackage("numpy", { messageCallback: () => {} });
const globals = pyodide.toPy({});
pyodide.runPython(readFileSync("docs/assets/javascripts/python/harness.py", "utf8"), { globals, filename: "harness.py" });
const [start, run, reset] = ["start", "run", "reset"].map((name) => globals.get(name));
let said = [];
start((kind, text) => said.push([kind, text]));

for await (const line of createInterface({ input: process.stdin })) {
  const { source, space = "s", name = "第 3 格", seconds = 10, forget = false } = JSON.parse(line);
  if (forget) reset(space);
  said = [];
  const error = run(source, name, space, seconds);
  const answer = { error: error?.toJs({ dict_converter: Object.fromEntries }) ?? null, said };
  console.log(JSON.stringify(answer));
}

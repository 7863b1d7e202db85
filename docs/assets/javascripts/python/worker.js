/**
 * Python 的线程：载入自托管的 Pyodide，逐次执行读者的代码。只与 runtime.js 说话。
 *
 * 每个文件都由这里先取来、数着字节报进度，再交给 Pyodide：它自己取不到 wasm 时会一直等下去。
 */
import { describeFetch } from "../fetch_fault.js";
import { files } from "./files.json";
import harness from "./harness.py";
import judge from "./judge.py";
import torchSubset from "./torch_subset.py";

/** @typedef {{name: string, group: string, bytes: number}} PythonFile */
/** @typedef {{toJs(options: object): object}} Proxy */
/**
 * @typedef {object} Harness
 * @property {(emit: (kind: string, text: string) => void) => void} start
 * @property {(space: string) => void} reset
 * @property {(source: string, name: string, space: string, seconds: number) => Proxy | undefined} run
 * @property {(name: string, source: string) => void} install
 * @property {(exercise: unknown, source: string, seconds: number) => Proxy | undefined} submit
 */

/** 有一个文件没有取到。 */
class NotFetched extends Error {}

/** 网络多久没有送来一个字节就算取不到（毫秒）。 */
const SILENCE = 30_000;

/** @type {Map<string, Uint8Array<ArrayBuffer>>} */
const fetched = new Map();
const networkFetch = self.fetch.bind(self);
let base = "";
/** @type {any} */
let pyodide;
/** @type {Harness} */
let python;
let figuresReady = false;
let practiceReady = false;

/** Pyodide 要的文件由已取来的给；没有的说明白，不去别处取。 */
self.fetch = async (input) => {
  const name = String(input instanceof Request ? input.url : input).split("/").pop() ?? "";
  const bytes = fetched.get(name);
  if (!bytes) throw new Error(`没有自托管 ${name}`);
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(bytes, { headers: { "Content-Type": type } });
};

/** @param {PythonFile[]} wanted */
async function fetchFiles(wanted) {
  const total = wanted.reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  /** @param {PythonFile} file */
  const fetchOne = async (file) => {
    const cut = new AbortController();
    let timer = setTimeout(() => cut.abort(), SILENCE);
    try {
      const response = await networkFetch(base + file.name, { signal: cut.signal });
      if (!response.ok || !response.body) throw new Error(`服务器回答 ${response.status}`);
      const bytes = new Uint8Array(file.bytes);
      let filled = 0;
      for (const reader = response.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        if (filled + value.length > file.bytes) throw new Error(`比应有的 ${file.bytes} 字节长`);
        bytes.set(value, filled);
        filled += value.length;
        loaded += value.length;
        clearTimeout(timer);
        timer = setTimeout(() => cut.abort(), SILENCE);
        postMessage({ type: "progress", loaded, total });
      }
      if (filled !== file.bytes) throw new Error(`只有 ${filled} 字节，应有 ${file.bytes}`);
      fetched.set(file.name, bytes);
    } catch (error) {
      const reason = cut.signal.aborted ? "很久没有回应" : describeFetch(error);
      throw new NotFetched(`${file.name} 没有取到：${reason}`);
    } finally {
      clearTimeout(timer);
    }
  };
  await Promise.all(wanted.filter((file) => !fetched.has(file.name)).map(fetchOne));
}

/** @param {string} group */
function filesOf(group) {
  return /** @type {PythonFile[]} */ (files).filter((file) => file.group === group);
}

async function start() {
  await fetchFiles([...filesOf("core"), ...filesOf("numpy")]);
  postMessage({ type: "starting" });
  const { loadPyodide } = await import(`${base}pyodide.mjs`);
  pyodide = await loadPyodide({ indexURL: base, stdin: () => null });
  await pyodide.loadPackage("numpy", { messageCallback: () => {} });
  const globals = pyodide.toPy({});
  pyodide.runPython(harness, { globals, filename: "harness.py" });
  python = /** @type {Harness} */ (
    Object.fromEntries(["start", "reset", "run", "install", "submit"].map((name) => [name, globals.get(name)]))
  );
  python.start((kind, text) => postMessage({ type: kind, text }));
  for (const name of fetched.keys()) fetched.set(name, new Uint8Array());
}

/** 第一次画图之前才取 matplotlib。 */
async function prepareFigures() {
  if (figuresReady) return;
  await fetchFiles(filesOf("matplotlib"));
  postMessage({ type: "starting" });
  await pyodide.loadPackage("matplotlib", { messageCallback: () => {} });
  pyodide.runPython("import matplotlib.pyplot as plt\nplt.show = lambda *args, **options: None");
  for (const file of filesOf("matplotlib")) fetched.set(file.name, new Uint8Array());
  figuresReady = true;
}

/** 手写题用的判题与 torch 的子集；推导里没有它们。 */
function preparePractice() {
  if (practiceReady) return;
  python.install("torch", torchSubset);
  python.install("judge", judge);
  practiceReady = true;
}

/** @param {Proxy | undefined} error */
function finish(error) {
  postMessage({ type: "done", error: error?.toJs({ dict_converter: Object.fromEntries }) ?? null });
}

/** @param {MessageEvent} event */
self.onmessage = async ({ data }) => {
  try {
    if (data.type === "start") {
      base = data.base;
      await start();
      postMessage({ type: "ready" });
    } else if (data.type === "submit") {
      preparePractice();
      postMessage({ type: "running" });
      finish(python.submit(pyodide.toPy(data.exercise), data.source, data.seconds));
    } else if (data.type === "run") {
      if (data.figure) await prepareFigures();
      if (data.practice) preparePractice();
      postMessage({ type: "running" });
      finish(python.run(data.source, data.name, data.space, data.seconds));
    } else {
      python.reset(data.space);
    }
  } catch (error) {
    postMessage({ type: "failed", reason: /** @type {Error} */ (error).message, missing: error instanceof NotFetched });
  }
};

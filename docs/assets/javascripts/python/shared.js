/** 全站一个 Python：推导与手写题共用，换页也不换。 */
import { PythonMissing, PythonRuntime } from "./runtime.js";

/** @type {PythonRuntime | undefined} */
let runtime;
/** @type {(progress: import("./runtime.js").Progress) => void} */
let listener = () => {};

/** 此后的进度报给 onProgress：当前页面上的那一个。 @param {typeof listener} onProgress */
export function sharedPython(onProgress) {
  listener = onProgress;
  runtime ??= new PythonRuntime(new URL("../pyodide/", import.meta.url).href, (progress) => listener(progress));
  return runtime;
}

/** 载入的进度写成一句话；已经在运行时是空串。 @param {import("./runtime.js").Progress} progress */
export function describeProgress({ type, loaded = 0, total = 1 }) {
  if (type === "progress") return `正在取 Python：${(loaded / 1e6).toFixed(1)} / ${(total / 1e6).toFixed(1)} MB（只有第一次要取）`;
  return type === "starting" ? "正在启动 Python …" : "";
}

/** 没有执行完时告诉读者的话。 @param {Error} error */
export function describeLoss(error) {
  const offline = navigator.onLine ? "" : "；现在没有网络";
  if (error instanceof PythonMissing) return `${error.message}。写过的都在，检查网络后再点一次${offline}`;
  return `${error.message}。变量都没有了，再点一次会从头再来${offline}`;
}

export const ABSENT = "这份站点没有带上浏览器里的 Python，不能运行；编辑、提示与答案照常。自己构建的：先 make assets 再构建";

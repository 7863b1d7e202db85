/**
 * 网页这一边的 Python：一个线程，一次执行一段；取不到、停不下来、崩溃都有交代，网页照常。
 */

/** 过了时限，再等这么久（秒）还没有回话，就换一个线程。 */
const GRACE = 3;

/** @typedef {{kind: string, message: string, line: number | null, trace: string}} PythonError */
/**
 * @typedef {object} Run
 * @property {string} source
 * @property {string} name 在出错信息里叫什么，如「第 3 格」
 * @property {string} space 变量放在哪个名字空间
 * @property {boolean} [figure] 要不要画图
 * @property {boolean} [practice] 要不要 torch 的子集
 * @property {number} seconds 只许执行这么久
 * @property {(kind: "stdout" | "stderr" | "figure" | "limit", text: string) => void} onOutput
 */
/** @typedef {{type: string, loaded?: number, total?: number}} Progress */

/** 没有执行完；变量都没有了，要从头再来。 */
export class PythonLost extends Error {}

/** 要用的文件没有取到：还没有运行，什么也没有丢。 */
export class PythonMissing extends PythonLost {}

export class PythonRuntime {
  /** @param {string} base Pyodide 所在的地址，以 / 结尾 @param {(progress: Progress) => void} onProgress */
  constructor(base, onProgress) {
    this.base = base;
    this.onProgress = onProgress;
    /** @type {Worker | undefined} */
    this.worker = undefined;
    /** @type {Promise<void> | undefined} */
    this.ready = undefined;
    /** @type {Promise<unknown>} 前一次执行；后来的排队 */
    this.last = Promise.resolve();
    /** @type {(error: Error) => void} */
    this.giveUp = () => {};
    /** 换过几次线程：变了，就是变量都没有了。 */
    this.life = 0;
  }

  /** 载入 Python；失败时抛 PythonLost，再调用就是重试。 */
  start() {
    this.ready ??= this.listen((worker) => worker.postMessage({ type: "start", base: this.base }), "ready").then(() => {});
    return this.ready;
  }

  /**
   * 执行一段。读者代码的错误是返回值；没有错时为 null。
   * @param {Run} run
   * @returns {Promise<PythonError | null>}
   */
  run({ onOutput, ...run }) {
    return this.queue({ type: "run", ...run }, run.seconds, onOutput);
  }

  /**
   * 判一份手写题的答案：测试的结果经 onOutput 逐个来。
   * @param {{exercise: unknown, source: string, seconds: number, onOutput: (kind: string, text: string) => void}} submission
   * @returns {Promise<PythonError | null>}
   */
  submit({ onOutput, ...submission }) {
    return this.queue({ type: "submit", ...submission }, submission.seconds, onOutput);
  }

  /**
   * @param {object} message
   * @param {number} seconds
   * @param {(kind: any, text: string) => void} onOutput
   * @returns {Promise<PythonError | null>}
   */
  queue(message, seconds, onOutput) {
    const turn = this.last.then(() => this.ask(message, seconds, onOutput));
    this.last = turn.catch(() => {});
    return turn;
  }

  /**
   * @param {object} message
   * @param {number} seconds
   * @param {(kind: any, text: string) => void} onOutput
   * @returns {Promise<PythonError | null>}
   */
  async ask(message, seconds, onOutput) {
    await this.start();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let watchdog;
    try {
      const done = await this.listen(
        (worker) => worker.postMessage(message),
        "done",
        (answer) => {
          if (answer.type === "running") {
            this.onProgress(answer);
            watchdog = setTimeout(() => this.stop(`${seconds} 秒还停不下来`), (seconds + GRACE) * 1000);
          } else onOutput(answer.type, answer.text);
        },
      );
      return done.error;
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** 丢掉一个名字空间。 @param {string} space */
  reset(space) {
    this.worker?.postMessage({ type: "reset", space });
  }

  /** 立即停下：线程没有别的停法，只能换掉，变量都没有了。 @param {string} reason */
  stop(reason) {
    this.drop();
    this.giveUp(new PythonLost(reason));
  }

  drop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.ready = undefined;
    this.life += 1;
  }

  /**
   * 发一个请求，等到 wanted 那样的回话；其间的进度与输出转出去。
   * @param {(worker: Worker) => void} ask
   * @param {string} wanted
   * @param {(message: any) => void} [onMessage]
   * @returns {Promise<any>}
   */
  listen(ask, wanted, onMessage = () => {}) {
    return new Promise((resolve, reject) => {
      this.worker ??= new Worker(new URL("python_worker.js", import.meta.url), { type: "module" });
      this.giveUp = reject;
      /** @param {Error} error */
      const lose = (error) => {
        this.drop();
        reject(error);
      };
      this.worker.onerror = ({ message }) => lose(message ? new PythonLost(message) : new PythonMissing("Python 的线程没有取到"));
      this.worker.onmessage = ({ data }) => {
        if (data.type === wanted) resolve(data);
        else if (data.type === "failed") lose(data.missing ? new PythonMissing(data.reason) : new PythonLost(data.reason));
        else if (data.type === "progress" || data.type === "starting") this.onProgress(data);
        else onMessage(data);
      };
      ask(this.worker);
    });
  }
}

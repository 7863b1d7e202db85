/** 「离线」页上的面板：要占多少、留整站、停、接着来、删掉。 */
import { button } from "../button.js";
import { element } from "../element.js";
import { Build } from "./build.js";
import { showKept } from "./kept.js";
import { compare, describeStop, keepWhole } from "./whole.js";

/** @typedef {import("./whole.js").Progress} Progress */

/** 正在取的那一次；即时换页之后还在。 @type {AbortController | undefined} */
let running;
/** @type {(progress: Progress) => void} 报给现在页面上的那一个 */
let listener = () => {};

export class Panel {
  /** @param {HTMLElement} place @param {URL} scope */
  constructor(place, scope) {
    this.scope = scope;
    this.status = document.createElement("p");
    this.status.setAttribute("role", "status");
    this.size = document.createElement("p");
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-label", "留整站的进度");
    this.bar.hidden = true;
    this.amount = document.createElement("p");
    this.amount.hidden = true;
    this.python = document.createElement("input");
    this.python.type = "checkbox";
    this.pythonLabel = document.createElement("label");
    this.pythonLabel.hidden = true; // 知道要占多少才有字
    this.pythonLabel.append(this.python);
    this.start = button("留下整站", () => this.keep());
    this.stop = button("停下", () => running?.abort());
    this.remove = button("删掉留下的", () => this.forget());
    this.list = document.createElement("div");
    this.list.className = "mj-kept";
    const buttons = document.createElement("div");
    buttons.className = "mj-offline__buttons";
    buttons.append(this.start, this.stop, this.remove);
    const heading = document.createElement("h3");
    heading.textContent = "现在留着的";
    place.replaceChildren(this.size, this.pythonLabel, buttons, this.bar, this.amount, this.status, heading, this.list);
    place.dataset.ready = "";
    this.setRunning(Boolean(running));
    listener = (progress) => this.show(progress);
    this.python.addEventListener("change", () => this.refresh());
    /** @type {Promise<Build>} */
    this.build = askBuild(scope);
    this.build.then(
      (build) => this.describe(build),
      (error) => {
        this.start.disabled = this.remove.disabled = true;
        this.fail(`这里不能留整站：${error.message}。可以`);
      },
    );
  }

  /** @param {string} text @param {"" | "fault"} [state] */
  say(text, state = "") {
    this.status.textContent = text;
    this.status.dataset.state = state;
  }

  /** 留不成整站：还有离线包。 @param {string} text 接得上「下载离线包」 */
  fail(text) {
    this.say(text, "fault");
    this.status.append(element("a", { href: "#archive" }, "下载离线包"), "。");
  }

  /** @param {Build} build */
  async describe({ meta }) {
    const { site, python } = meta.totals;
    this.size.textContent = `整站 ${site.files.toLocaleString()} 个文件：约下载 ${megabytes(site.download)}，占用 ${megabytes(site.bytes)}。已经留下的不再取。`;
    this.pythonLabel.append(`连同网页里的 Python（另外约下载 ${megabytes(python.download)}）：推导与手写题离线也能运行`);
    this.pythonLabel.hidden = !python.files;
    await this.refresh();
  }

  /** 已经留下多少，以及列表。 */
  async refresh() {
    try {
      const { progress } = await compare(await this.build, this.python.checked);
      if (!running) this.showState(progress);
    } catch (error) {
      this.fail("清单没有取到：有网络时再打开这一页，就知道还差多少；或者");
      console.warn(error);
    }
    const count = await showKept(this.list, this.scope, "h4");
    if (!count) this.list.replaceChildren(element("p", { class: "mj-empty" }, "还没有。读过的页面会自己留下。"));
  }

  /** @param {Progress} progress */
  showState({ done, all }) {
    const whole = done.files === all.files;
    this.start.textContent = done.bytes && !whole ? "接着留下整站" : "留下整站";
    this.start.disabled = whole;
    this.say(whole
      ? `整站都在本机了（${all.files.toLocaleString()} 个文件），断网也能读、能搜。`
      : `留着 ${done.files.toLocaleString()} / ${all.files.toLocaleString()} 个文件。`);
  }

  async keep() {
    const build = await this.build;
    const python = this.python.checked;
    const { totals } = build.meta;
    const [free, { progress }] = await Promise.all([freeSpace(), compare(build, python)]);
    const need = totals.site.bytes + (python ? totals.python.bytes : 0) - progress.done.bytes;
    if (free !== null && need > free) {
      this.fail(`放不下：还要 ${megabytes(need)}，浏览器只给 ${megabytes(free)}。腾出地方再来，或者`);
      return;
    }
    running = new AbortController();
    this.setRunning(true);
    this.say("正在留下整站 …");
    // 不求也能留，只是空间紧时浏览器可能先删它
    const persisted = await navigator.storage.persist().catch(() => false);
    try {
      await keepWhole(build, python, running.signal, (now) => listener(now));
      running = undefined;
      await this.refresh();
      if (!persisted) this.status.textContent += "浏览器没有答应长期保留：空间紧时它可能删掉，装到主屏幕会好一些。";
    } catch (error) {
      running = undefined;
      await this.refresh();
      this.say(`${describeStop(error)}。${this.status.textContent}再点一次接着来。`, "fault");
    } finally {
      this.setRunning(false);
    }
  }

  /** @param {Progress} progress */
  show({ done, all }) {
    this.bar.max = all.bytes;
    this.bar.value = done.bytes;
    this.amount.textContent = `${megabytes(done.bytes)} / ${megabytes(all.bytes)}，${done.files.toLocaleString()} / ${all.files.toLocaleString()} 个文件`;
  }

  /** @param {boolean} on */
  setRunning(on) {
    this.start.hidden = this.remove.hidden = on;
    this.stop.hidden = this.bar.hidden = this.amount.hidden = !on;
    this.python.disabled = on;
  }

  async forget() {
    const count = await (await this.build).forget();
    await this.refresh();
    this.say(`删掉了 ${count.toLocaleString()} 个文件；以后读到的仍会留下。${this.status.textContent}`);
  }
}

/** service worker 现在用的构建；没有 service worker 时抛错，说明原因。 @param {URL} scope @returns {Promise<Build>} */
async function askBuild(scope) {
  if (!navigator.serviceWorker) throw new Error("浏览器没有 service worker，或这不是 https 的页面");
  if (!document.querySelector("link[rel=manifest]")) throw new Error("这是预览，没有 service worker");
  const { active } = await navigator.serviceWorker.ready;
  const channel = new MessageChannel();
  const answer = new Promise((resolve) => {
    channel.port1.onmessage = ({ data }) => resolve(data);
  });
  active?.postMessage({ type: "build" }, [channel.port2]);
  return new Build(scope, await answer);
}

/** 浏览器说还肯给多少字节；不肯说时是 null。为了不被用来识别人，说的可能比真的多，所以取的时候仍会满。 */
async function freeSpace() {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined ? null : quota - (usage ?? 0);
}

/** @param {number} bytes */
function megabytes(bytes) {
  const value = bytes / 1e6;
  return value >= 1_000 ? `${(value / 1e3).toFixed(1)} GB` : `${value.toFixed(1)} MB`;
}

/** 从文件打开的页面里没有线程：搜索就在页面里算，样子像一个线程。 */
import { makeAnswerer } from "../search/answer.js";

/** @param {string} base @returns {import("../search/thread.js").Thread} */
export function startThread(base) {
  const events = new EventTarget();
  const answer = makeAnswerer((reply) => {
    events.dispatchEvent(new MessageEvent("message", { data: reply }));
  });
  void answer({ base });
  return {
    postMessage: (/** @type {any} */ request) => void answer(request),
    addEventListener: events.addEventListener.bind(events),
    terminate() {},
  };
}

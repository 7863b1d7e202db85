/**
 * 只答最新的一问；有文件还在路上时先答已有的，到齐了再答一次。
 *
 * @typedef {import("./engine.js").Answer} Answer
 * @typedef {{id: number, text: string, kind: string, limit: number}} Question
 * @typedef {{base: string} | Question} Request
 * @typedef {{id: number, answer?: Answer, error?: string}} Reply
 */
import { Engine } from "./engine.js";

/** @param {(reply: Reply) => void} post @returns {(request: Request) => Promise<void>} */
export function makeAnswerer(post) {
  /** @type {Engine | undefined} */
  let engine;
  let latest = 0;

  /** @param {Question} question */
  async function reply({ id, text, kind, limit }) {
    if (!engine) return;
    try {
      const answer = await engine.ask(text, { kind, limit });
      if (id !== latest) return;
      post({ id, answer });
      if (!answer.waiting) return;
      await engine.files.settle();
      if (id === latest) await reply({ id, text, kind, limit });
    } catch (error) {
      if (id === latest) post({ id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  return async (request) => {
    if ("base" in request) {
      engine = new Engine(request.base);
      engine.files.open().catch(() => undefined); // 提前取；失败在提问时再报
      return;
    }
    latest = request.id;
    await reply(request);
  };
}

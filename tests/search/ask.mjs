/**
 * 不开浏览器地问搜索引擎：node ask.mjs 站点目录 < 查询的 JSON 列表 > 每条查询的答案。
 * 引擎是浏览器里的那几个模块，只是把取文件换成读盘。
 */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Engine } from "../../docs/assets/javascripts/search/engine.js";

const site = process.argv[2];
const limit = Number(process.argv[3] ?? 10);
globalThis.fetch = async (url) => {
  const body = await readFile(new URL(url)).catch(() => null);
  return /** @type {Response} */ (
    /** @type {unknown} */ ({
      ok: body !== null,
      status: body === null ? 404 : 200,
      json: async () => JSON.parse(String(body)),
    })
  );
};

const engine = new Engine(new URL(`file://${site}/search/`).href);
const answers = [];
for (const query of JSON.parse(await text(process.stdin))) {
  answers.push(await engine.ask(query, { limit }));
}
process.stdout.write(JSON.stringify(answers));

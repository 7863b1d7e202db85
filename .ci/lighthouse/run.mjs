// node run.mjs 端口 网址…：用已经开着的 Chromium（远程调试的端口）逐页跑 Lighthouse，手机的设置；每页印一行 JSON。
import lighthouse from "lighthouse";

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const [port, ...urls] = process.argv.slice(2);
for (const url of urls) {
  const result = await lighthouse(url, { port: Number(port), logLevel: "error", onlyCategories: CATEGORIES });
  if (!result) throw new Error(`Lighthouse 没有结果：${url}`);
  const { categories, audits, runtimeError } = result.lhr;
  if (runtimeError) throw new Error(`${url}：${runtimeError.message}`);
  const counted = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0));
  const failed = [...new Set(counted.map(({ id }) => id))].filter((id) => audits[id].score !== null && audits[id].score < 0.9);
  console.log(JSON.stringify({
    url,
    scores: CATEGORIES.map((name) => Math.round((categories[name].score ?? 0) * 100)),
    failed: failed.map((id) => `${id}（${audits[id].title}${audits[id].displayValue ? `，${audits[id].displayValue}` : ""}）`),
    values: ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"].map((id) => audits[id].displayValue),
  }));
}

// Firefox 里走一程：搜索、换颜色、筛选、手写题运行、axe。标准输入是一份 JSON，标准输出是看到的。
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const { base, firefox, query, exercise, answer, axe, run, rules } = JSON.parse(readFileSync(0, "utf8"));
const LOADING = 120_000;
/** @type {string[]} */
const errors = [];
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  /** @param {string} path */
  const open = (path) => page.goto(base + path, { waitUntil: "load" });
  const text = (/** @type {string} */ selector) => page.$eval(selector, (one) => one.textContent ?? "");
  const scheme = () => page.$eval("body", (body) => body.getAttribute("data-md-color-scheme"));
  const violations = async () => {
    await page.evaluate(readFileSync(axe, "utf8"));
    return page.evaluate(`(${run})(${JSON.stringify(rules)})`);
  };

  await open("");
  const seen = { scheme: [await scheme()], violations: [] };
  await page.waitForSelector("label.md-header__button[for='__search'] button");
  await page.keyboard.press("/");
  await page.waitForSelector("[data-md-component='search-query']:focus");
  await page.keyboard.type(query);
  await page.waitForSelector(`#mj-results[data-query="${query}"] a`);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /\/experiences\/[^/]+\/$/.test(location.pathname));
  await page.waitForSelector(".mj-rounds");
  seen.found = await text("article h1");

  await page.click(".mj-scheme");
  await page.waitForFunction(() => document.body.dataset.mdColorScheme === "slate");
  seen.violations.push(...(await violations()));

  await open("experiences/");
  seen.scheme.push(await scheme());
  await page.click(".mj-facet summary");
  await page.click(".mj-facet label input");
  await page.waitForFunction(() => document.querySelector(".mj-facets [role=status]")?.textContent?.includes("篇里的"));
  seen.status = await text(".mj-facets [role=status]");
  seen.rows = await page.$$eval("table.mj-experiences tbody tr:not([hidden])", (rows) => rows.length);
  seen.violations.push(...(await violations()));

  // 像上次写过一样放好草稿：逐字打进去，编辑器会自己缩进
  await page.evaluate((name, text) => localStorage.setItem(name, JSON.stringify({ text })), `mianjing.practice.${exercise}`, answer);
  await open(`practice/${exercise}/`);
  await page.waitForSelector(".cm-content");
  await page.focus(".cm-content");
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await page.waitForFunction(() => /通过/.test(document.querySelector(".mj-run [role=status]")?.textContent ?? ""), { timeout: LOADING });
  seen.judged = await text(".mj-run [role=status]");
  seen.violations.push(...(await violations()));
  console.log(JSON.stringify({ ...seen, version: await browser.version(), errors }));
} finally {
  await browser.close();
}

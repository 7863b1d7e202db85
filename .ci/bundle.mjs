// 打包浏览器端的库：npm run bundle。每页只取 site.js，各种能力到用它的页面才取。
import { readdirSync, rmSync } from "node:fs";
import { parse } from "node:path";
import { build } from "esbuild";

const scripts = "docs/assets/javascripts";
const styles = "docs/assets/stylesheets/pages";
const outdir = "docs/assets/bundle";
/** 只给一部分页面的样式各成一份；哪一页带上，见 site_pages.py 的 STYLES。 */
const pageStyles = readdirSync(styles).map((name) => [parse(name).name, `${styles}/${name}`]);
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    site: `${scripts}/site.js`,
    search_worker: `${scripts}/search/worker.js`,
    python_worker: `${scripts}/python/worker.js`,
    ...Object.fromEntries(pageStyles),
  },
  outdir,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  chunkNames: "[name]-[hash]",
  assetNames: "fonts/[name]",
  loader: { ".woff2": "file", ".woff": "empty", ".ttf": "empty", ".py": "text" },
  logLevel: "warning",
});
// service worker 要是一份普通脚本；发布时由 hooks/mianjing/offline.py 在前面写上这次构建的清单
await build({
  entryPoints: { sw: `${scripts}/sw/worker.js` },
  outdir,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  logLevel: "warning",
});

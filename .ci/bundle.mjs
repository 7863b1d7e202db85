// 打包浏览器端的库：npm run bundle。每页只取 site.js，各种能力到用它的页面才取。
import { rmSync } from "node:fs";
import { build } from "esbuild";

const scripts = "docs/assets/javascripts";
const outdir = "docs/assets/bundle";
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    site: `${scripts}/site.js`,
    search_worker: `${scripts}/search/worker.js`,
    python_worker: `${scripts}/python/worker.js`,
    katex: "docs/assets/stylesheets/katex.css",
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

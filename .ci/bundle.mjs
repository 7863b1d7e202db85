// 打包浏览器端的库：npm run bundle。每页只取 site.js，各种能力到用它的页面才取。
import { readdirSync, rmSync } from "node:fs";
import { basename, parse, relative, resolve } from "node:path";
import { build } from "esbuild";

const scripts = "docs/assets/javascripts";
const styles = "docs/assets/stylesheets/pages";
const outdir = "docs/assets/bundle";
/** 只给一部分页面的样式各成一份；哪一页带上，见 page_styles.py 的 STYLES。 */
const pageStyles = readdirSync(styles).map((name) => [parse(name).name, `${styles}/${name}`]);
rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { site: `${scripts}/site.js` },
  outdir,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  inject: [`${scripts}/together.js`],
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
  metafile: true,
});
// 两个 worker 与样式各是一份，不与页面共用一块
await build({
  entryPoints: {
    search_worker: `${scripts}/search/worker.js`,
    python_worker: `${scripts}/python/worker.js`,
    own: "docs/assets/stylesheets/site.css",
    ...Object.fromEntries(pageStyles),
  },
  outdir,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  assetNames: "fonts/[name]",
  loader: { ".woff2": "file", ".woff": "empty", ".ttf": "empty", ".py": "text" },
  logLevel: "warning",
});
// 离线包：同样的模块，一份普通脚本；要线程、fetch 的换成右边的
const IN_FILE = {
  "cells.js": "file/cells.js",
  "practice.js": "file/practice.js",
  "offline.js": "file/offline.js",
  "offline/register.js": "file/register.js",
  "search/thread.js": "file/thread.js",
  "page_address.js": "file/page_address.js",
  "read_json.js": "file/read_json.js",
};
const source = resolve(scripts);
const inFile = {
  name: "file edition",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const instead = IN_FILE[relative(source, resolve(resolveDir, path))];
      return instead ? { path: `${source}/${instead}` } : undefined;
    });
  },
};
/** 打包后叫什么：文件名里有散列。 @param {string} entry */
function outputOf(entry) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === `${scripts}/${entry}`);
  if (!found) throw new Error(`打包里没有 ${entry}`);
  return JSON.stringify(basename(found[0]));
}
await build({
  entryPoints: { file: `${scripts}/site.js` },
  outdir,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  plugins: [inFile],
  banner: { js: "var mianjingScript=document.currentScript.src;" },
  define: {
    "import.meta.url": "mianjingScript",
    CELLS_MODULE: outputOf("cells.js"),
    PRACTICE_MODULE: outputOf("practice.js"),
  },
  logLevel: "warning",
});
// 这两份要是普通脚本：faces 在 head 里，赶在第一次画之前；service worker 发布时由 hooks/mianjing/offline.py 在前面写上这次构建的清单
await build({
  entryPoints: { sw: `${scripts}/sw/worker.js`, faces: `${scripts}/faces.js` },
  outdir,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  logLevel: "warning",
});

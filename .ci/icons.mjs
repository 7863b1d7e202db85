// 图标：由 docs/assets/images/icon.svg 画出安装用的 PNG，放进 assets/bundle/icons/。
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";

const source = readFileSync("docs/assets/images/icon.svg", "utf8");
const outdir = "docs/assets/bundle/icons";
/** 系统会裁成圆的或圆角的：底色铺满，图缩进中间八成。颜色与 icon.svg 的底相同。 */
const maskable = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 30"><rect width="30" height="30" fill="${background()}"/><svg x="3" y="3" width="24" height="24" viewBox="0 0 24 24">${source}</svg></svg>`;
/** 文件名 → 图与边长（像素）；与 hooks/mianjing/offline.py 的 ICONS、overrides/main.html 一致。 */
const ICONS = {
  "icon-192": [source, 192],
  "icon-512": [source, 512],
  "maskable-512": [maskable, 512],
  "apple-180": [maskable, 180],
};

mkdirSync(outdir, { recursive: true });
for (const [name, [svg, width]] of Object.entries(ICONS)) {
  const image = new Resvg(svg, { fitTo: { mode: "width", value: width } }).render();
  writeFileSync(`${outdir}/${name}.png`, image.asPng());
}

function background() {
  const found = /<rect[^>]* fill="(#[0-9a-f]{6})"/.exec(source);
  if (!found) throw new Error("icon.svg 的底应是一个带 fill 的 rect：安装用的图标要用它的颜色铺满");
  return found[1];
}

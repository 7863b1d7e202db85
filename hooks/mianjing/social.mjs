// 标准输入：{family, fonts: [路径], cards: [{svg, file}]}；各画成 PNG 写进 file。只用给的字体，不取任何东西。
import { writeFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { family, fonts, cards } = JSON.parse(text);
const font = { fontFiles: fonts, loadSystemFonts: false, defaultFontFamily: family };
for (const { svg, file } of cards) writeFileSync(file, new Resvg(svg, { font }).render().asPng());

/** 浏览器端怎样切词：node words.mjs < 文字的 JSON 列表 > 每条文字的词。与 Python 端对照用。 */
import { text } from "node:stream/consumers";
import { bigrams, foldWidth, readWords } from "../../docs/assets/javascripts/search/words.js";

const answers = JSON.parse(await text(process.stdin)).map((/** @type {string} */ line) => {
  const words = readWords(line);
  const keys = words.flatMap((word) => (word.kind === "han" ? bigrams(word.text) : [word.text]));
  words.forEach((word, i) => {
    if (word.joined) keys.push(words.slice(0, i).findLast(({ kind }) => kind === "word")?.text + word.text);
  });
  return { keys, folded: foldWidth(line).text, spans: words.map(({ start, end }) => line.slice(start, end)) };
});
process.stdout.write(JSON.stringify(answers));

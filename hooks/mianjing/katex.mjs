// 标准输入：[{tex, display}]；标准输出：等长的 [{html}|{error}]。不认识的宏与不规范的写法都算错误。
import katex from "katex";

// `\href` 一类的命令默认只是印成红字，不算错；这里让它们算错。
const trust = ({ command }) => {
  throw new Error(`不允许的命令 ${command}`);
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
const results = JSON.parse(text).map(({ tex, display }) => {
  try {
    const options = { displayMode: display, output: "htmlAndMathml", strict: "error", trust };
    return { html: katex.renderToString(tex, options) };
  } catch (error) {
    return { error: String(error.message) };
  }
});
process.stdout.write(JSON.stringify(results));

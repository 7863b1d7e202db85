/** 写 Python 的编辑器：CodeMirror 6。第一次要编辑时才取。 */
import { indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, showPanel } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";

/** 颜色与站里的代码块相同，深浅两色都由 Material 的变量给。 */
const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--md-code-hl-keyword-color)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--md-code-hl-string-color)" },
  { tag: tags.number, color: "var(--md-code-hl-number-color)" },
  { tag: tags.comment, color: "var(--md-code-hl-comment-color)" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: "var(--md-code-hl-function-color)" },
  { tag: tags.operator, color: "var(--md-code-hl-operator-color)" },
  { tag: [tags.bool, tags.null, tags.constant(tags.name)], color: "var(--md-code-hl-constant-color)" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "var(--md-code-bg-color)", color: "var(--md-code-fg-color)", fontSize: "1em", isolation: "isolate" },
  "&.cm-focused": { outline: ".1rem solid var(--md-typeset-a-color)" },
  ".cm-content": { fontFamily: "var(--md-code-font-family)", caretColor: "var(--md-code-fg-color)", padding: ".6em 0" },
  ".cm-cursor": { borderLeftColor: "var(--md-code-fg-color)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--md-default-fg-color--light)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--md-code-fg-color) 6%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--md-typeset-a-color) 30%, transparent)",
  },
  ".cm-panels": { backgroundColor: "var(--md-code-bg-color)", color: "var(--md-default-fg-color--light)", border: "0" },
  ".cm-panels button, .cm-panels input": { color: "inherit", font: "inherit" },
  ".cm-tooltip": { backgroundColor: "var(--md-default-bg-color)", color: "var(--md-default-fg-color)" },
});

const phrases = EditorState.phrases.of({ "Find": "查找", "Replace": "替换", "next": "下一个", "previous": "上一个", "close": "关闭" });

const WAY_OUT = "Tab 缩进；先按 Esc 再按 Tab 离开";

/** 编辑器下面的一行：怎么用键盘离开。读屏从编辑器的名字里听到。 */
function showWayOut() {
  const dom = document.createElement("p");
  dom.className = "mj-way-out";
  dom.setAttribute("aria-hidden", "true");
  dom.textContent = WAY_OUT;
  return { dom };
}

/**
 * @param {object} options
 * @param {string} options.text
 * @param {string} options.label 屏幕阅读器读的名字
 * @param {(text: string) => void} options.onChange
 * @param {() => void} options.onRun Ctrl / ⌘ + Enter
 */
export function createEditor({ text, label, onChange, onRun }) {
  return new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: () => (onRun(), true) }, indentWithTab]),
        basicSetup,
        python(),
        indentUnit.of("    "),
        syntaxHighlighting(colors),
        look,
        phrases,
        showPanel.of(showWayOut),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": `${label}（${WAY_OUT}）`, "aria-multiline": "true", spellcheck: "false", autocapitalize: "off", autocorrect: "off" }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
      ],
    }),
  });
}

/** @param {EditorView} editor @param {string} text */
export function setText(editor, text) {
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
}

/** 光标到第 line 行。 @param {EditorView} editor @param {number} line */
export function goToLine(editor, line) {
  const at = editor.state.doc.line(Math.min(line, editor.state.doc.lines));
  editor.dispatch({ selection: { anchor: at.from }, scrollIntoView: true });
}

/** 要线程与 fetch 的能力：从文件打开时说一句话；离线包由 http.server 发出时照常取来运行。 */

/**
 * @param {string} selector 说在哪里
 * @param {string} module 打包后的文件名
 */
export function needsHttp(selector, module) {
  return () => {
    if (location.protocol !== "file:") {
      import(new URL(module, import.meta.url).href).then(({ enhance }) => enhance());
      return;
    }
    const place = /** @type {HTMLElement | null} */ (document.querySelector(selector));
    if (!place || place.childElementCount) return;
    const line = document.createElement("p");
    line.className = "mj-note mj-needs-http";
    const command = document.createElement("code");
    command.textContent = "python -m http.server";
    line.append("从文件打开的页面不能运行代码：在解压的文件夹里运行 ", command, "，再打开 http://localhost:8000/ 就可以。");
    place.append(line);
    place.hidden = false;
  };
}

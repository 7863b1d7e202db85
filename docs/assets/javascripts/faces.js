// 有公式的页面在样式之后取它，两件事都赶在第一次画之前：
// 一、样式的地址写成完整的：不然主题的脚本随后把它们重设一遍，Chromium 重新读样式，整页再算一次。
// 二、字体在 data: 地址里，现在就解；解好之前（几毫秒）页面先不显示，公式的宽不再变。
const { documentElement: root, fonts, readyState } = document;

/** @returns {Promise<unknown>} */
function loadFaces() {
  return Promise.allSettled([...fonts].map((face) => face.load()));
}

if (readyState === "loading") {
  root.style.visibility = "hidden";
  for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("link[rel=stylesheet]"))) {
    link.onload = loadFaces; // 重新读的样式带着新的一份字体；Firefox 看地址没变，不重新读
    link.href = new URL(link.href).href;
  }
}
loadFaces().then(() => root.style.removeProperty("visibility"));

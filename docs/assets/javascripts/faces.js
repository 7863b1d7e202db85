// 有公式的页面在样式之后取它：字体在 data: 地址里，现在就解；解好之前（几毫秒）页面先不显示，公式的宽不再变。
const { documentElement: root, fonts, readyState } = document;
const loads = [...fonts].map((face) => face.load());
if (readyState === "loading") {
  root.style.visibility = "hidden";
  Promise.allSettled(loads).then(() => root.style.removeProperty("visibility"));
}

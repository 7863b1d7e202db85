// 有公式的页面在样式之后取它：字体在 data: 地址里，现在就开始解，赶在第一次画之前，公式的宽不再变。
for (const face of document.fonts) face.load();

/**
 * 主题即时换页时，把滚动的位置晚 100 毫秒才记下；读者刚滚完就点，它记到了新的一页上，
 * 主题于是回到那个位置，不走到网址里的锚点。这里补上；后退、前进不管，那时该回到原来的位置。
 */
let wanted = "";

addEventListener("click", ({ target }) => {
  wanted = (target instanceof Element && target.closest("a")?.hash) || "";
}, { capture: true });

/** 换页之后：点的链接有锚点，却没有走到。 */
export function reachAnchor() {
  if (wanted && wanted === location.hash && !document.querySelector(":target")) location.replace(wanted);
  wanted = "";
}

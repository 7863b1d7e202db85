/** 离线包里的「离线」页：不必再留。 */
export function enhance() {
  const place = /** @type {HTMLElement | null} */ (document.querySelector(".mj-offline"));
  if (place) place.textContent = "你读的就是离线包：整站都在这个文件夹里。";
}

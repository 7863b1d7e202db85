/** 本机记着的东西在这一页的别处改了（导入、撤销）：告诉用到它们的各块。 */
const EVENT = "mianjing:stored";

export function tellStored() {
  dispatchEvent(new Event(EVENT));
}

/**
 * place 还在页面里时，每次都做 act；即时换页走了，就不再听。
 * @param {HTMLElement} place
 * @param {() => void} act
 */
export function onStored(place, act) {
  const listen = () => {
    if (place.isConnected) act();
    else removeEventListener(EVENT, listen);
  };
  addEventListener(EVENT, listen);
}

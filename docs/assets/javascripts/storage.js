/** 记在本机的东西：每样一个键，值是 JSON。存不下、不让存、读不懂都有交代，读不懂的另存，不丢。 */

const PREFIX = "mianjing.";

/**
 * 读出一样；没有存过是 null。读不懂时把原文另存到 `<键>.broken`，也返回 null。
 * @param {string} key
 * @returns {any}
 */
export function readStored(key) {
  let text = null;
  try {
    text = localStorage.getItem(PREFIX + key);
    return text === null ? null : JSON.parse(text);
  } catch (error) {
    console.warn(`本机的「${key}」没有读到`, error);
    if (text !== null) setAside(key, text);
    return null;
  }
}

/** 另存成了才删掉原来的；存储满了就留在原处。 @param {string} key @param {string} text */
function setAside(key, text) {
  try {
    localStorage.setItem(`${PREFIX}${key}.broken`, text);
    localStorage.removeItem(PREFIX + key);
  } catch (error) {
    console.warn(`本机的「${key}」没有另存`, error);
  }
}

/**
 * 存一样；value 为 null 时删掉。返回空串，或没有存成的原因。
 * @param {string} key
 * @param {unknown} value
 */
export function writeStored(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return "";
  } catch (error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    return full ? "本机的存储满了，这一处改动没有记下" : "浏览器不让在本机存东西，改动只在这一页里";
  }
}

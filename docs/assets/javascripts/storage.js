/** 记在本机的东西：每样一个键，值是 JSON。存不下、不让存、读不懂都有交代，读不懂的另存，不丢。 */

const PREFIX = "mianjing.";
const ASIDE = /\.broken\d*$/;

/** 读不懂又没有地方另存的：这次访问里不往上写。 @type {Set<string>} */
const locked = new Set();

/**
 * 读出一样；没有存过是 null。读不懂时把原文另存到 `<键>.broken`，也返回 null。
 * @param {string} key
 * @returns {any}
 */
export function readStored(key) {
  return readChecked(key, () => "").value;
}

/**
 * 读出一样，并看它的样子对不对。不对的、读不懂的另存；note 是给读者的一句话，没有事是空串。
 * @param {string} key
 * @param {(value: any) => string} check 返回哪里不对，空串是对
 * @returns {{value: any, note: string}}
 */
export function readChecked(key, check) {
  let text = null;
  try {
    text = localStorage.getItem(PREFIX + key);
  } catch (error) {
    console.warn(`本机的「${key}」没有读到`, error);
    return { value: null, note: "浏览器不让读本机存的东西，改动只在这一页里" };
  }
  if (text === null) return { value: null, note: "" };
  let value = null;
  let fault = "不是完整的 JSON";
  try {
    value = JSON.parse(text);
    fault = check(value);
  } catch (error) {
    console.warn(`本机的「${key}」读不懂`, error);
  }
  return fault ? { value: null, note: setAside(key, text, fault) } : { value, note: "" };
}

/** 另存成了才删掉原来的，先前另存的也不盖；返回给读者的话。 @param {string} key @param {string} text @param {string} fault */
function setAside(key, text, fault) {
  try {
    let number = 1;
    const name = () => `${PREFIX}${key}.broken${number === 1 ? "" : number}`;
    while (localStorage.getItem(name()) !== null) number += 1;
    localStorage.setItem(name(), text);
    localStorage.removeItem(PREFIX + key);
    return `本机存的「${key}」读不懂（${fault}），已经原样另存，没有丢：在下面的「进度与备份」可以下载`;
  } catch (error) {
    console.warn(`本机的「${key}」没有另存`, error);
    locked.add(key);
    return `本机存的「${key}」读不懂（${fault}），也没有地方另存：原样留着，这次的改动不往本机记`;
  }
}

/**
 * 存一样；value 为 null 时删掉。返回空串，或没有存成的原因。
 * @param {string} key
 * @param {unknown} value
 */
export function writeStored(key, value) {
  if (locked.has(key)) return `本机存的「${key}」读不懂又没有地方另存，这一处改动没有记下`;
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return "";
  } catch (error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    return full ? "本机的存储满了，这一处改动没有记下" : "浏览器不让在本机存东西，改动只在这一页里";
  }
}

/** 本机存着的各个键，不含另存的；不让读时是空的，note 说明。 @returns {{keys: string[], note: string}} */
export function listStored() {
  const { keys, note } = listAll();
  return { keys: keys.filter((key) => !ASIDE.test(key)), note };
}

/** 另存的各份的键。 @returns {string[]} */
export function listAside() {
  return listAll().keys.filter((key) => ASIDE.test(key));
}

/** 一份的原文，没有是空串。 @param {string} key */
export function readText(key) {
  return localStorage.getItem(PREFIX + key) ?? "";
}

/** 删掉另存的一份。 @param {string} key */
export function dropAside(key) {
  localStorage.removeItem(PREFIX + key);
}

function listAll() {
  try {
    const keys = Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length))
      .sort();
    return { keys, note: "" };
  } catch (error) {
    console.warn("本机存的东西没有读到", error);
    return { keys: [], note: "浏览器不让读本机存的东西，改动只在这一页里" };
  }
}

/** 一本推导的代码格、改动与运行到了哪里。改动只记在本机。 */
import { once } from "../once.js";
import { PythonMissing } from "../python/runtime.js";
import { readJson } from "../read_json.js";
import { readStored, writeStored } from "../storage.js";

/** @typedef {{number: number, source: string, oracle: boolean, figure: boolean}} Cell */
/** @typedef {{of: string, text: string}} Draft of 是改动时原文的指纹 */

/** 一本推导的状态；即时换页时留着，所以换到下一部分不用从头再跑。 */
export class Notebook {
  /** @param {string} key @param {string} address */
  constructor(key, address) {
    this.key = key;
    /** 全部代码格；取不到时抛错，再调用就是重试。 @type {() => Promise<Cell[]>} */
    this.cells = once(() =>
      readJson(address).catch((error) => {
        throw new PythonMissing(`这一本的代码没有取到：${error.message}`);
      }),
    );
    /** @type {Set<number>} */
    this.ran = new Set();
    this.life = -1;
    /** @type {Record<string, Draft>} */
    this.drafts = readStored(`cells.${key}`) ?? {};
  }

  /** 这一格现在的代码：有改动、原文又没有变过，就是改动。 @param {Cell} cell */
  source(cell) {
    const draft = this.drafts[cell.number];
    return draft && draft.of === fingerprint(cell.source) ? draft.text : cell.source;
  }

  /** @param {number} number @param {Draft | null} draft @returns 没有存成的原因 */
  keep(number, draft) {
    if (draft) this.drafts[number] = draft;
    else delete this.drafts[number];
    this.ran.delete(number);
    return writeStored(`cells.${this.key}`, Object.keys(this.drafts).length ? this.drafts : null);
  }
}

/** 文字的指纹（FNV-1a）：原文更新过就看得出来。 @param {string} text */
export function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length}.${(hash >>> 0).toString(36)}`;
}

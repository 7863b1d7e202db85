declare module "tablesort" {
  /** 可排序的表；类型随用到的部分写，见 tablesort 5.7 的文档。 */
  export default class Tablesort {
    constructor(table: HTMLTableElement);
    static extend(
      name: string,
      matches: (text: string) => boolean,
      compare: (a: string, b: string) => number,
    ): void;
  }
}

/** 打包时填入的文件名，见 .ci/bundle.mjs。 */
declare const CELLS_MODULE: string;
declare const PRACTICE_MODULE: string;

/** 构建时写在 sw.js 开头，见 hooks/mianjing/offline.py。 */
declare const BUILD: import("../offline/build.js").Meta;

/** 搜索的线程：收问题，发答案。 */
import { makeAnswerer } from "./answer.js";

const answer = makeAnswerer((reply) => postMessage(reply));
addEventListener("message", ({ data }) => answer(data));

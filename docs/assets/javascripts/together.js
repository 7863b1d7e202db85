/** 几种能力都用的小模块：打包时并成每页都取的一块，不各占一个请求。见 .ci/bundle.mjs 的 inject。 */
import "./button.js";
import "./download.js";
import "./element.js";
import "./fetch_fault.js";
import "./once.js";
import "./page_address.js";
import "./read_json.js";
import "./state_box.js";
import "./stored.js";

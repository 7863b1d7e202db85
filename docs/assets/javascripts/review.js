/** 复习与模拟面试的入口。 */
import { MockInterview } from "./review/mock.js";
import { ReviewSession } from "./review/session.js";

export function enhance() {
  const review = /** @type {HTMLElement | null} */ (document.querySelector(".mj-review"));
  if (review && !review.childElementCount) new ReviewSession(review);
  const mock = /** @type {HTMLElement | null} */ (document.querySelector(".mj-mock"));
  if (mock && !mock.childElementCount) new MockInterview(mock);
}

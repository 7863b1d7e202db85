import { needsHttp } from "./needs_http.js";

export const enhance = needsHttp(".mj-practice, .mj-practice-progress", PRACTICE_MODULE);

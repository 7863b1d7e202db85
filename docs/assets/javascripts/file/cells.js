import { needsHttp } from "./needs_http.js";

export const enhance = needsHttp(".mj-run[data-notebook]", CELLS_MODULE);

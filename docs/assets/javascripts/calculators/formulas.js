/**
 * 与 `hooks/mianjing/estimates/` 同名的函数，同一组数对照过。参数是一个对象，单位与那边相同。
 *
 * @typedef {{layers: number, heads: number, kv_heads: number, head_dim: number, kv_latent: number, rope_dim: number}} Preset
 * @typedef {Record<string, any>} Values
 * @type {Record<string, (values: Values) => number>}
 */
export const FORMULAS = {
  dense_parameters: ({ layers, hidden, heads, kv_heads, head_dim, intermediate, vocabulary, tied }) => {
    const attention = 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim;
    const layer = attention + 3 * hidden * intermediate + 2 * hidden;
    return layers * layer + hidden + vocabulary * hidden * (tied ? 1 : 2);
  },
  kv_cache_bytes: ({ model, tokens, element_bytes, batch }) => {
    const shape = /** @type {Preset} */ (model);
    const perLayer = shape.kv_latent ? shape.kv_latent + shape.rope_dim : 2 * shape.kv_heads * shape.head_dim;
    return batch * tokens * shape.layers * perLayer * element_bytes;
  },
  training_flops: ({ parameters, tokens }) => 6 * parameters * tokens,
  training_days: ({ parameters, tokens, devices, peak_flops, mfu }) =>
    (6 * parameters * tokens) / (devices * peak_flops * mfu) / 86_400,
  zero_bytes: ({ parameters, stage, ranks, optimizer_bytes, gradient_bytes }) => {
    const optimizer = optimizer_bytes / (stage >= 1 ? ranks : 1);
    const gradients = gradient_bytes / (stage >= 2 ? ranks : 1);
    const weights = 2 / (stage >= 3 ? ranks : 1);
    return parameters * (optimizer + gradients + weights);
  },
  activation_bytes_per_layer: ({ sequence, batch, hidden, heads, tensor_parallel, stored, sequence_parallel }) => {
    const sbh = sequence * batch * hidden;
    if (stored === 2) return 2 * sbh;
    const quadratic = stored === 0 ? (5 * heads * sequence) / (hidden * tensor_parallel) : 0;
    const outside = 10 / (sequence_parallel ? tensor_parallel : 1);
    return sbh * (outside + 24 / tensor_parallel + quadratic);
  },
  pipeline_bubble_ideal: ({ stages, microbatches, interleave }) => (stages - 1) / (interleave * microbatches),
  pipeline_bubble_total: ({ stages, microbatches, interleave }) =>
    (stages - 1) / (interleave * microbatches + stages - 1),
  ring_all_reduce_bytes: ({ size, ranks }) => ((2 * (ranks - 1)) / ranks) * size,
  ring_all_reduce_seconds: ({ size, ranks, bandwidth, latency }) =>
    2 * (ranks - 1) * latency + (((2 * (ranks - 1)) / ranks) * size) / bandwidth,
  lsh_probability: ({ similarity, bands, rows }) => 1 - (1 - similarity ** rows) ** bands,
  lsh_threshold: ({ bands, rows }) => (1 / bands) ** (1 / rows),
  pass_at_k: ({ samples, correct, k }) => {
    if (correct > samples || k > samples) return NaN;
    let missed = 1;
    for (let i = 0; i < k; i++) missed *= Math.max(0, samples - correct - i) / (samples - i);
    return 1 - missed;
  },
  standard_error: ({ accuracy, questions }) => Math.sqrt((accuracy * (1 - accuracy)) / questions),
};

/**
 * 给读者看的写法，与构建端的 `show_number` 相同。
 *
 * @param {number} value
 * @param {string} unit
 */
export function showNumber(value, unit) {
  const short = (/** @type {number} */ number) => significant(number);
  const whole = (/** @type {number} */ number) => Math.round(number).toLocaleString("en-US");
  if (unit === "percent") return `${short(100 * value)}%`;
  if (unit === "bytes") return `${whole(value)} 字节 = ${short(value / 1e9)} GB = ${short(value / 2 ** 30)} GiB`;
  if (unit === "flops") return `${short(value)} FLOPs`;
  if (unit === "days") return `${short(value)} 天`;
  if (unit === "seconds") return `${short(value)} 秒`;
  if (unit === "count") return `${whole(value)}（${short(value / 1e9)} B）`;
  return short(value);
}

/** 四位有效数字，与 Python 的 `.4g` 相同。 @param {number} value */
function significant(value) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(3).split("e")[1]);
  if (exponent < -4 || exponent >= 4) {
    const [digits, power] = value.toExponential(3).split("e");
    const plain = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
    return `${plain}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const fixed = value.toPrecision(4);
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

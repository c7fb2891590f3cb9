// The poses of this page as typed arrays: read, filtered, put in order, compared.
//
// A set keeps what the page packed (titles, histogram, mode and clip names, pictures) and gets its
// columns as flat typed arrays; pose i of K keypoints has its coordinates at 2 K i. No object is
// made for a pose, so 200,000 of them cost a few megabytes.

const UNDEFINED = 255; // of angles in degrees, PCK and EvalPose in percent
const UNPREDICTED = -32768;
const SHARED_ANGLES = 3; // fewer say nothing about how near two poses are
const ARRAYS = { f4: Float32Array, i4: Int32Array, i2: Int16Array, u2: Uint16Array, u1: Uint8Array };

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function inflated(base64) {
  const packed = new Blob([bytesOf(base64)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("deflate")));
}

// Unpack a set's columns, once; its file names follow when somebody asks for them.
function opened(set) {
  set.opening ??= (async () => {
    const columns = Object.entries(set.columns);
    const models = set.columns.pck.shape[1];
    delete set.columns; // the packed text is not needed twice
    await Promise.all(columns.map(async ([name, column]) => {
      set[name] = new ARRAYS[column.type](await inflated(column.data).arrayBuffer());
    }));
    set.predictors = set.predicted ? models : 0; // also where no pose has labels to judge them by
    const known = (value) => value !== UNDEFINED;
    set.models = set.pck.some(known) || set.evalpose.some(known) ? models : 0;
    return set;
  })();
  return set.opening;
}

function named(set) {
  set.naming ??= (async () => {
    set.files = set.names ? JSON.parse(await inflated(set.names.text).text()) : null;
    delete set.names;
    return set;
  })();
  return set.naming;
}

const modeOf = (set, i) => set.modes[set.mode[i]] ?? null;
const clipOf = (set, i) => set.clips[set.clip[i]] ?? null;
const percentOf = (set, kind, model, i) => set[kind][i * set.models + model];

// Which poses pass a filter, one byte each; null = every pose.
//
// `joint` is "", "all", "hidden 3" or "visible 3"; `mode` and `clip` are sets of numbers or null;
// `picture` asks for poses with a picture in this page, `covered` is "", "0" (lacking) or "1".
function passing(set, { joint, mode, clip, file, picture, covered }) {
  const K = set.visible.length / Math.max(set.listed, 1);
  const tests = [];
  if (joint === "all") tests.push((i) => !set.visible.subarray(i * K, (i + 1) * K).includes(0));
  else if (joint) {
    const [state, number] = joint.split(" ");
    tests.push((i) => set.visible[i * K + Number(number)] === Number(state === "visible"));
  }
  if (mode) tests.push((i) => mode.has(set.mode[i]));
  if (clip) tests.push((i) => clip.has(set.clip[i]));
  if (covered) tests.push((i) => set.covered[i] === Number(covered));
  if (picture) tests.push((i) => set.picture[i] >= 0);
  if (file && set.files) tests.push((i) => String(set.files[i]).toLowerCase().includes(file.toLowerCase()));
  return tests.length || file ? Uint8Array.from(set.score, (_, i) => tests.every((test) => test(i))) : null;
}

// How many poses hide each joint; counted once.
function hiddenIn(set) {
  if (set.hidden) return set.hidden;
  const K = set.visible.length / Math.max(set.listed, 1);
  const hidden = new Uint32Array(K);
  for (let at = 0, j = 0; at < set.visible.length; at++, j = (j + 1) % K) hidden[j] += 1 - set.visible[at];
  return (set.hidden = hidden);
}

// Poses by value of a key, undefined ones last; equal PCK by EvalPose, then by row. Sorted once.
function ordered(set, key, model, falling) {
  const name = `${key === "score" ? key : `${key} ${model}`} ${falling}`;
  set.orders ??= new Map();
  if (!set.orders.has(name)) {
    const keys = { score: ["score"], pck: ["pck", "evalpose"], evalpose: ["evalpose"] }[key];
    const [value, second] = keys.map((one) => rising(set, one, model, falling));
    const rows = Uint32Array.from(set.score, (_, i) => i);
    const byRow = (a, b) => set.row[a] - set.row[b];
    rows.sort(second
      ? (a, b) => value[a] - value[b] || second[a] - second[b] || byRow(a, b)
      : (a, b) => value[a] - value[b] || byRow(a, b));
    set.orders.set(name, rows);
  }
  return set.orders.get(name);
}

// What rises in the order asked for; the largest number of all where a value is undefined.
function rising(set, key, model, falling) {
  const last = 3.4e38;
  return Float32Array.from(set.score, (score, i) => {
    const found = key === "score" ? score : percentOf(set, key, model, i);
    const known = key === "score" ? Number.isFinite(found) : found !== UNDEFINED;
    return known ? (falling ? -found : found) : last;
  });
}

// The first `wanted` poses of bins first..last (-1 = unscored) in an order, and how many there are.
function selected(set, { first, last, pass, key, model, falling, wanted }) {
  const found = [];
  let total = 0;
  for (const i of ordered(set, key, model, falling)) {
    if (set.bin[i] < first || set.bin[i] > last || (pass && !pass[i])) continue;
    if (total++ < wanted) found.push(i);
  }
  return { found, total };
}

// Bars of the histogram over the poses that pass. Where only some of each bin are in the page,
// every pose stands for as many as its bin has for each of those listed.
function barsOf(set, pass) {
  if (!pass) return set.histogram.counts;
  const bars = set.histogram.counts.length;
  const edges = set.histogram.edges;
  set.bar ??= Int32Array.from(set.score, (score) => Math.min(below(edges, score), bars - 1));
  set.weight ??= weights(set);
  const counts = new Float64Array(bars);
  for (let i = 0; i < set.listed; i++) {
    if (pass[i] && set.bin[i] >= 0) counts[set.bar[i]] += set.weight[set.bin[i]];
  }
  return counts;
}

function weights(set) {
  const listed = new Float64Array(set.bin_counts.length);
  for (const bin of set.bin) if (bin >= 0) listed[bin]++;
  return listed.map((count, bin) => (count ? set.bin_counts[bin] / count : 0));
}

// The last interval that begins at or below a value; the first where none does.
function below(edges, value) {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

// The poses nearest to the angles `from`: root mean square difference of the angles both define.
function nearest(set, from, count, self) {
  const found = [];
  const A = from.length;
  let worst = Infinity;
  for (let i = 0, at = 0; i < set.listed; i++, at += A) {
    let sum = 0;
    let shared = 0;
    for (let a = 0; a < A; a++) {
      const one = from[a];
      const other = set.angles[at + a];
      if (one === UNDEFINED || other === UNDEFINED) continue;
      sum += (one - other) * (one - other);
      shared++;
    }
    if (shared < SHARED_ANGLES || i === self || sum / shared >= worst) continue;
    const square = sum / shared;
    let place = found.length;
    while (place > 0 && found[place - 1].square > square) place--;
    found.splice(place, 0, { i, square });
    if (found.length > count) found.pop();
    if (found.length === count) worst = found[count - 1].square;
  }
  return found.map(({ i, square }) => ({ i, degrees: Math.sqrt(square) }));
}

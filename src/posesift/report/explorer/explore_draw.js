// Elements, words for numbers, and poses as lines. Whatever the data say becomes text, never markup.

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
const make = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const MISSING = "–";
const counted = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const poses = (count) => `${counted(count)} ${count === 1 ? "pose" : "poses"}`;

function scored(value, digits = 3) {
  if (!Number.isFinite(value)) return MISSING;
  const size = Math.abs(value);
  const text = size >= 999.5 ? counted(size) : size.toPrecision(digits);
  return value < 0 ? `−${text}` : text;
}

const cosine = (value) => (value === null ? MISSING : value.toFixed(2).replace("-", "−"));
const percent = (value) => (value === UNDEFINED ? MISSING : String(value));
const capitalised = (text) => text[0].toUpperCase() + text.slice(1);
const words = (name) => name.replaceAll("_", " ");

function binNames(first, last) {
  if (first < 0) return "unscored";
  return first === last ? `bin ${counted(first + 1)}` : `bins ${counted(first + 1)}–${counted(last + 1)}`;
}

function labelled(text, control, wide = false) {
  return make("label", { class: wide ? "x-field x-whole" : "x-field" }, make("span", {}, text), control);
}

// A drop-down list; values are strings, and texts may be anything that data hold.
function list(choices, value, chosen) {
  const control = make("select", { onchange: () => chosen(control.value) });
  for (const [group, entries] of choices) {
    const options = entries.map(([key, text]) => make("option", { value: key }, text));
    control.append(...(group ? [make("optgroup", { label: group }, ...options)] : options));
  }
  control.value = value;
  return control;
}

// A pose's seen joints, in the 0..255 of its own square frame.
function jointsOf(set, i) {
  const K = set.visible.length / set.listed;
  return Array.from({ length: K }, (_, j) =>
    set.visible[i * K + j] ? [set.keypoints[2 * (i * K + j)], set.keypoints[2 * (i * K + j) + 1]] : null);
}

function lines(skeleton, joints) {
  const paths = new Map();
  skeleton.limbs.forEach(([a, b], limb) => {
    if (!joints[a] || !joints[b]) return;
    const colour = skeleton.colours[limb];
    paths.set(colour, `${paths.get(colour) ?? ""}M${joints[a].join(" ")}L${joints[b].join(" ")}`);
  });
  const dots = joints.map((at) => (at ? `M${at.join(" ")}h0` : "")).join("");
  return [
    draw("path", { class: "edge", d: [...paths.values()].join("") }),
    ...[...paths].map(([stroke, d]) => draw("path", { class: "limb", d, stroke })),
    draw("path", { class: "dot-edge", d: dots }),
    draw("path", { class: "dot", d: dots }),
  ];
}

// What a model predicted, in the same frame, and which labelled joints it missed; null = not kept.
function predictionOf(set, i, model) {
  const place = set.prediction ? set.prediction[i] : -1;
  if (place < 0) return null;
  const K = set.visible.length / set.listed;
  const at = (place * set.predictors + model) * K;
  const one = (j) => [set.predicted[2 * (at + j)], set.predicted[2 * (at + j) + 1]];
  const joints = Array.from({ length: K }, (_, j) => (one(j)[0] === UNPREDICTED ? null : one(j)));
  return { joints, wrong: joints.filter((joint, j) => joint && set.wrong[at + j]) };
}

function rings(joints) {
  const d = joints.map((at) => `M${at.join(" ")}h0`).join("");
  return d ? [draw("path", { class: "ring-edge", d }), draw("path", { class: "ring", d })] : [];
}

// One pose in its frame, on its picture where the page has one: the label, or other joints. `under`
// is drawn below the lines, `more` above.
function framed(skeleton, set, i, alt, { joints = jointsOf(set, i), under = [], more = () => [] } = {}) {
  const picture = set.pictures[set.picture[i]];
  const frame = make("span", { class: picture ? "frame" : "frame bare" });
  if (picture) frame.append(make("img", { src: `data:image/jpeg;base64,${picture}`, alt }));
  const role = picture ? { "aria-hidden": "true" } : { role: "img", "aria-label": alt };
  frame.append(draw("svg", { viewBox: "0 0 255 255", ...role }, ...under, ...lines(skeleton, joints), ...more(joints)));
  return frame;
}

// The angles of the kinematic tree at their vertices: an arc and its degrees, where there is room.
function angleMarks(skeleton, degrees, joints) {
  const marks = [];
  const texts = [];
  const taken = [];
  skeleton.triplets.forEach(([a, vertex, c], number) => {
    if (degrees[number] === UNDEFINED || !joints[a] || !joints[vertex] || !joints[c]) return;
    const [x, y] = joints[vertex];
    const [u, lengthU] = towards(joints[vertex], joints[a]);
    const [w, lengthW] = towards(joints[vertex], joints[c]);
    const radius = Math.min(13, 0.45 * lengthU, 0.45 * lengthW);
    const turn = u[0] * w[1] - u[1] * w[0] > 0 ? 1 : 0;
    const from = [x + u[0] * radius, y + u[1] * radius];
    const to = [x + w[0] * radius, y + w[1] * radius];
    let [middle, length] = towards([0, 0], [u[0] + w[0], u[1] + w[1]]);
    if (length < 0.15) middle = [-u[1], u[0]]; // a straight joint has no inside
    const at = roomFor([x, y], middle, taken);
    taken.push(at);
    const [back, away] = towards([x, y], at);
    const leader = away > 34 ? [draw("path", { class: "x-leader", d: `M${[x, y]}L${[at[0] - 12 * back[0], at[1] - 6 * back[1]]}` })] : [];
    texts.push(draw("g", { class: "x-angle", "data-angle": number }, ...leader,
      draw("text", { x: at[0], y: at[1] + 3 }, `${degrees[number]}°`)));
    const arc = `M${from}A${radius} ${radius} 0 0 ${turn} ${to}`;
    marks.push(draw("g", { "data-angle": number },
      draw("path", { class: "x-arc-edge", d: arc }), draw("path", { class: "x-arc", d: arc })));
  });
  return [...marks, ...texts];
}

function towards([x, y], [toX, toY]) {
  const length = Math.hypot(toX - x, toY - y);
  return [length ? [(toX - x) / length, (toY - y) / length] : [0, -1], length];
}

// Where a label has room: as near to its vertex and its own way as no other one covers it, inside
// the frame.
function roomFor(vertex, way, taken) {
  for (let reach = 22; reach < 200; reach += 5) {
    for (const turn of [0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2, 1.8, -1.8, 2.4, -2.4, 3.1]) {
      const [c, s] = [Math.cos(turn), Math.sin(turn)];
      const [x, y] = [vertex[0] + reach * (c * way[0] - s * way[1]), vertex[1] + reach * (s * way[0] + c * way[1])];
      const inside = x >= 14 && x <= 241 && y >= 8 && y <= 247;
      if (inside && taken.every(([u, v]) => Math.abs(u - x) >= 25 || Math.abs(v - y) >= 11.5)) return [x, y];
    }
  }
  return vertex;
}

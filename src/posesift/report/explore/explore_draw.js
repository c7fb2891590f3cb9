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

// One pose in its frame, on its picture where the page has one; `more` is drawn above the lines.
function framed(skeleton, set, i, alt, more = () => []) {
  const joints = jointsOf(set, i);
  const picture = set.pictures[set.picture[i]];
  const frame = make("span", { class: picture ? "frame" : "frame bare" });
  if (picture) frame.append(make("img", { src: `data:image/jpeg;base64,${picture}`, alt }));
  const role = picture ? { "aria-hidden": "true" } : { role: "img", "aria-label": alt };
  frame.append(draw("svg", { viewBox: "0 0 255 255", ...role }, ...lines(skeleton, joints), ...more(joints)));
  return frame;
}

// The angles of the kinematic tree at their vertices: an arc and its degrees, where there is room.
function angleMarks(skeleton, degrees, joints) {
  const marks = [];
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
    const at = spot([x, y], middle, taken);
    taken.push(at);
    const arc = `M${from}A${radius} ${radius} 0 0 ${turn} ${to}`;
    marks.push(draw("g", { class: "x-angle", "data-angle": number },
      draw("path", { class: "x-arc-edge", d: arc }),
      draw("path", { class: "x-arc", d: arc }),
      draw("text", { x: at[0], y: at[1] + 3 }, `${degrees[number]}°`)));
  });
  return marks;
}

function towards([x, y], [toX, toY]) {
  const length = Math.hypot(toX - x, toY - y);
  return [length ? [(toX - x) / length, (toY - y) / length] : [0, -1], length];
}

// Where a label of about 22 by 11 stands free: along the angle's middle first, then around.
function spot([x, y], [dx, dy], taken) {
  const inside = (value) => Math.min(Math.max(value, 14), 241);
  let best = null;
  for (const distance of [22, 31, 41]) {
    for (const turn of [0, 0.6, -0.6, Math.PI, 1.4, -1.4]) {
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      const at = [inside(x + distance * (dx * cos - dy * sin)), inside(y + distance * (dx * sin + dy * cos))];
      const free = taken.every(([ox, oy]) => Math.abs(ox - at[0]) > 23 || Math.abs(oy - at[1]) > 11);
      if (free) return at;
      best ??= at;
    }
  }
  return best;
}

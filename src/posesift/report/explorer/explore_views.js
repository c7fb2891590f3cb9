// What stands beside the controls: a gallery, the samples of two bins, or one pose. A view is a
// title, what stands beside the title, and a body; it says its state in the explorer's live line.

const PAGE = 48;
const NEAREST = 6;
const BESIDE = 12;
const COVERED = ["lacks such a pose", "covers it"];

// Everything known of one pose, in words, for its tile, its tooltip and its own view.
function factsOf(set, i) {
  const facts = [["score", scored(set.score[i])], ["bin", set.bin[i] < 0 ? "unscored" : String(set.bin[i] + 1)]];
  if (modeOf(set, i) !== null) facts.push(["mode", String(modeOf(set, i))]);
  if (clipOf(set, i) !== null) facts.push(["clip", String(clipOf(set, i))]);
  if (set.covered && set.covered[i] !== UNDEFINED) facts.push(["source", COVERED[set.covered[i]]]);
  if (set.files) facts.push(["file", String(set.files[i])]);
  facts.push(["row", counted(set.row[i])]);
  return facts;
}

// Below a tile; where all are of one bin, the mode says more than its number.
function captionOf(explorer, set, i, oneBin) {
  const bin = binNames(set.bin[i], set.bin[i]);
  const caption = [scored(set.score[i]), (oneBin ? modeOf(set, i) : null) === null ? bin : words(String(modeOf(set, i)))];
  if (set.models) {
    caption.push(`PCK ${percent(percentOf(set, "pck", explorer.model, i))}`);
    caption.push(`EvalPose ${percent(percentOf(set, "evalpose", explorer.model, i))}`);
  }
  return caption;
}

// A button with one pose.
function tile(explorer, set, i, caption) {
  const alt = `Pose of row ${counted(set.row[i])}, ${binNames(set.bin[i], set.bin[i])}`;
  return make("button", {
    type: "button", class: "x-tile pose", "aria-label": `${alt}: ${caption.join(", ")}`, "data-pose": `${set.which} ${i}`,
  }, framed(explorer.data.skeleton, set, i, alt),
  make("span", { class: "x-caption" }, ...caption.map((text) => make("span", {}, text))));
}

// The poses `found` in a grid: one stop for the tab key, arrow keys within; hover and focus tell
// what is known of a pose, a click chooses it.
function tiles(explorer, set, found, captions) {
  const poseOf = (button) => Number(button.dataset.pose.split(" ")[1]);
  const on = (told) => (event) => {
    const button = event.target.closest(".x-tile");
    if (button) told(button, poseOf(button), event);
  };
  const tell = on((button, i, event) => event.pointerType !== "touch" && explorer.tell(button, factsOf(set, i)));
  const untell = () => explorer.tell(null);
  const grid = make("div", {
    class: "x-tiles", role: "group",
    onclick: on((button, i) => explorer.visit({ kind: "pose", set, i, siblings: found }, button)),
    onpointerover: tell, onfocusin: tell, onpointerout: untell, onfocusout: untell,
  });
  const add = (more) => {
    for (const i of more) grid.append(tile(explorer, set, i, captions(i)));
    for (const [at, one] of [...grid.children].entries()) one.tabIndex = at ? -1 : 0;
  };
  grid.addEventListener("keydown", (event) => {
    const all = [...grid.children];
    const at = all.indexOf(event.target);
    const row = all.findIndex((one) => one.offsetTop > all[0].offsetTop);
    const wide = row < 0 ? all.length : row;
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide, Home: -at, End: all.length - 1 - at };
    if (at < 0 || !(event.key in moves)) return;
    event.preventDefault();
    const next = all[at + moves[event.key]];
    if (!next) return;
    for (const one of all) one.tabIndex = one === next ? 0 : -1;
    next.focus();
  });
  add(found);
  return { grid, add };
}

function galleryView(explorer) {
  const { set } = explorer;
  const query = (wanted) => explorer.selection(wanted);
  const { found, total } = query(explorer.shown);
  const oneBin = explorer.first === explorer.last;
  const shown = tiles(explorer, set, found, (i) => captionOf(explorer, set, i, oneBin));
  const more = make("button", { type: "button", class: "x-more", onclick: () => {
    const before = explorer.shown;
    explorer.shown += PAGE;
    const longer = query(explorer.shown).found;
    found.push(...longer.slice(before));
    shown.add(longer.slice(before));
    say();
    shown.grid.children[before]?.focus();
  } }, `Show ${PAGE} more`);
  const say = () => {
    more.hidden = explorer.shown >= total;
    const whole = set.listed < set.total && !explorer.pass ? explorer.wholeCount() : total;
    const listed = whole > total ? `, ${counted(total)} of them in this page` : "";
    explorer.say(`${poses(whole)}${listed}, ${counted(Math.min(explorer.shown, total))} shown`);
  };
  say();
  const empty = make("p", { class: "x-empty" }, explorer.pass ? "No pose here passes the filters." : "No pose here.");
  const all = explorer.k > 1 && explorer.first === 0 && explorer.last === explorer.k - 1;
  const title = `${all ? "All bins" : capitalised(binNames(explorer.first, explorer.last))} of the ${set.title}`;
  return { title, beside: explorer.beside(["method", "order", "skeletons"]), body: total ? [shown.grid, more] : [empty] };
}

// Samples of two bins side by side, evenly spaced in score.
function pairView(explorer, { set, one, other, value }) {
  const text = value === null ? "Their similarity is not defined." : `Mean cosine of their joint angles: ${cosine(value)}.`;
  explorer.say(`${capitalised(binNames(...one))} beside ${binNames(...other)}. ${text}`);
  const same = one[0] === other[0];
  return {
    beside: explorer.beside(["skeletons"]),
    title: same ? "One bin with itself" : "Two bins side by side",
    body: [make("div", { class: "x-pair" }, ...(same ? [one] : [one, other]).map(([first, last]) => {
      const all = selected(set, { first, last, key: "score", falling: false, wanted: Infinity }).found;
      const step = Math.max(all.length / (same ? 2 * BESIDE : BESIDE), 1);
      const found = Array.from({ length: Math.min(all.length, same ? 2 * BESIDE : BESIDE) }, (_, at) =>
        all[Math.floor((at + 0.5) * step)]);
      return make("section", {},
        make("h4", {}, `${capitalised(binNames(first, last))} of the ${set.title}`),
        make("p", { class: "x-soft" }, `${poses(all.length)}, ${counted(found.length)} shown, evenly over the scores`),
        tiles(explorer, set, found, (i) => captionOf(explorer, set, i, first === last)).grid);
    }))],
  };
}

// One pose: large, with its angles, what is known of it, and the poses nearest to it.
function poseView(explorer, { set, i, siblings }) {
  const { skeleton } = explorer.data;
  const A = skeleton.triplets.length;
  const degrees = set.angles.subarray(i * A, (i + 1) * A);
  const alt = `Pose of row ${counted(set.row[i])} of the ${set.title}, with its angles in degrees`;
  const at = siblings.indexOf(i);
  const step = (by, text) => make("button", {
    type: "button", disabled: siblings[at + by] === undefined,
    onclick: () => explorer.replace({ kind: "pose", set, i: siblings[at + by], siblings }, text),
  }, text);
  const known = degrees.filter((one) => one !== UNDEFINED).length;
  explorer.say(`${capitalised(binNames(set.bin[i], set.bin[i]))}, score ${scored(set.score[i])}, ${known} of ${A} angles defined`);

  const prediction = predictionOf(set, i, explorer.model);
  const figure = make("figure", { class: "x-large pose" },
    framed(skeleton, set, i, alt, { more: (joints) => angleMarks(skeleton, degrees, joints) }),
    ...(prediction ? [make("figcaption", {}, "label, with its angles")] : []));
  const lit = (number, on) => figure.querySelectorAll(`[data-angle="${number}"]`).forEach((mark) => mark.classList.toggle("x-lit", on));
  const table = make("table", { class: "x-angles" },
    make("caption", {}, "Angles in degrees"),
    make("tbody", {}, ...skeleton.angles.map((name, number) => make("tr", {
      onpointerenter: () => lit(number, true), onpointerleave: () => lit(number, false),
    }, make("th", { scope: "row" }, words(name)), make("td", {}, degrees[number] === UNDEFINED ? MISSING : `${degrees[number]}°`)))));
  const errors = make("table", { class: "x-errors" },
    make("thead", {}, make("tr", {}, ...["Method", "PCK", "EvalPose"].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...Array.from({ length: set.models }, (_, model) => make("tr", {},
      make("th", { scope: "row" }, make("bdi", {}, explorer.data.models[model])),
      ...["pck", "evalpose"].map((kind) => make("td", {}, percent(percentOf(set, kind, model, i))))))));
  const facts = make("dl", { class: "x-facts" }, ...factsOf(set, i).slice(2).map(([name, value]) =>
    make("div", {}, make("dt", {}, make("bdi", {}, name)), make("dd", {}, make("bdi", {}, value)))));
  return {
    title: `Row ${counted(set.row[i])} of the ${set.title}`,
    beside: [
      ...explorer.beside(set.models || set.predictors ? ["method", "skeletons"] : ["skeletons"]),
      ...(at < 0 || siblings.length < 2 ? [] : [step(-1, "Previous"), step(1, "Next")]),
    ],
    body: [
      make("div", { class: prediction ? "x-pose x-both" : "x-pose" }, figure,
        ...(prediction ? [predictionFigure(explorer, set, i, prediction)] : []),
        make("div", {}, facts, ...(set.models ? [errors] : [])), table),
      ...explorer.sets.map((other) => neighbours(explorer, other, degrees, other === set ? i : -1)),
    ],
  };
}

function predictionFigure(explorer, set, i, { joints, wrong }) {
  const method = explorer.data.models[explorer.model];
  const alt = `Prediction of ${method} for row ${counted(set.row[i])}, ${wrong.length} joints missed`;
  const frame = framed(explorer.data.skeleton, set, i, alt, { joints, under: rings(wrong) });
  return make("figure", { class: "x-large x-predicted pose" }, frame,
    make("figcaption", {}, "prediction of ", make("bdi", {}, method),
      wrong.length ? `, ${wrong.length} ${wrong.length === 1 ? "joint" : "joints"} ringed: missed by PCK@0.05` : ""));
}

function neighbours(explorer, set, degrees, self) {
  const near = nearest(set, degrees, NEAREST, self);
  const away = new Map(near.map(({ i, degrees: distance }) => [i, distance]));
  const among = set.listed < set.total ? `, among the ${counted(set.listed)} in this page` : "";
  const shown = tiles(explorer, set, near.map(({ i }) => i), (i) =>
    [`${away.get(i).toFixed(1)}° away`, binNames(set.bin[i], set.bin[i]), ...(set.modes.length ? [words(String(modeOf(set, i) ?? MISSING))] : [])]);
  return make("section", { class: "x-near", "data-set": set.which },
    make("h4", {}, `Nearest ${set.title}`, make("span", { class: "x-soft" }, ` by their angles${among}`)),
    near.length ? shown.grid : make("p", { class: "x-empty" }, `None shares ${SHARED_ANGLES} defined angles with it.`));
}

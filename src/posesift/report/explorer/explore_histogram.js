// The histogram of scores, on which bins are chosen: click, drag or shift-click, or arrow keys.

const BAND = 18; // height of the row of bins below the bars
const AXIS = 34;
const HEAD = 16; // room for the words above the tallest bar
const MANY = 120; // more bins than this are too narrow to be drawn one by one

function histogramOf(score, choose) {
  const place = make("div", {
    class: "x-histogram", role: "slider", tabindex: 0,
    "aria-label": "Bins of the score histogram; shift and arrow keys choose several",
    "aria-valuemin": 1,
  });
  let set = null;
  let edges = [0, 1]; // of the set shown: a target that has no score of the source has its own
  let k = 1;
  let counts = [];
  let ghost = false;
  let first = 0;
  let last = 0;
  let anchor = 0;
  let moving = 0;
  let scale = null;
  let shade = null;
  let range = null;
  let painted = 0; // the width that it was last painted at
  let hint = null; // the scores of the bins that are chosen, or of the one under the pointer

  function scaled(width) {
    const [low, high] = [set.histogram.edges[0], set.histogram.edges.at(-1)];
    const straight = !(score.logarithmic && low > 0);
    const forth = straight ? (value) => value : (value) => Math.log(Math.max(value, low / 1e6));
    const back = straight ? (value) => value : Math.exp;
    const span = forth(high) - forth(low) || 1;
    const x = (value) => Math.min(Math.max((forth(value) - forth(low)) / span, 0), 1) * width;
    const left = (bin) => (bin <= 0 ? 0 : bin >= k ? width : x(edges[bin]));
    return { x, left, right: (bin) => left(bin + 1), value: (at) => back(forth(low) + (at / width) * span) };
  }

  const paint = (element, bin) => {
    const colours = score.ramp[Math.round((bin * (score.k - 1)) / Math.max(k - 1, 1))];
    ["--light", "--dark", "--ink-light", "--ink-dark"].forEach((name, at) => element.style.setProperty(name, colours[at]));
    return element;
  };

  // The colours of the bins along the axis, each cut sharply from the next.
  function colours(width) {
    const slices = Array.from({ length: Math.min(k, MANY) }, (_, at) => {
      if (k <= MANY) return [at, scale.left(at), scale.right(at)];
      const [from, to] = [(at * width) / MANY, ((at + 1) * width) / MANY];
      return [below(edges, scale.value((from + to) / 2)), from, to];
    });
    return draw("linearGradient", { id: "x-colours", gradientUnits: "userSpaceOnUse", x1: 0, x2: width },
      ...slices.flatMap(([bin, ...ends]) => ends.map((end) => paint(draw("stop", { offset: end / width }), bin))));
  }

  const bars = (height, values, tallest) => values.map((count, at) => {
    const [from, to] = [scale.x(set.histogram.edges[at]), scale.x(set.histogram.edges[at + 1])];
    const tall = (count / tallest) * height;
    return draw("rect", { class: "x-bar", x: from, y: height - tall, width: to - from, height: tall });
  });

  function band(top, width) {
    const bins = k > MANY ? [] : Array.from({ length: k }, (_, bin) => [bin, scale.left(bin), scale.right(bin)]);
    const roomy = bins.filter(([bin, from, to]) => to - from > 7 * String(bin + 1).length + 5);
    return draw("g", { class: "x-bin" },
      draw("rect", { class: "x-bar", y: top, width, height: BAND }),
      draw("path", { d: bins.slice(1).map(([, from]) => `M${from} ${top}v${BAND}`).join("") }),
      ...roomy.map(([bin, from, to]) => paint(draw("text", { x: (from + to) / 2, y: top + 13 }, String(bin + 1)), bin)));
  }

  function paintAll() {
    painted = place.clientWidth;
    const width = Math.max(painted, 120);
    const height = Math.max(place.clientHeight - HEAD - BAND - AXIS, 40);
    scale = scaled(width);
    const all = set.histogram.counts;
    hint = draw("text", { x: width, y: -5, class: "x-end" });
    const tallest = Math.max(...all, 1);
    const passing = Math.max(...counts, 1); // to a height of their own, or a few could not be seen
    const grey = ghost ? `, grey: ${counted(tallest)}` : "";
    shade = draw("rect", { y: 0, height: height + BAND });
    range = draw("rect", { class: "x-range", y: height + 2, height: BAND });
    const ticks = set.histogram.ticks.filter((value) => scale.x(value) > 8 && scale.x(value) < width - 8);
    place.replaceChildren(draw("svg", { viewBox: `0 ${-HEAD} ${width} ${HEAD + height + BAND + AXIS}`, "aria-hidden": "true" },
      draw("defs", {}, colours(width), draw("clipPath", { id: "x-chosen" }, shade)),
      ...(ghost ? [draw("g", { class: "x-ghost" }, ...bars(height, all, tallest))] : []),
      draw("g", { class: "x-faded" }, ...bars(height, counts, passing)),
      draw("g", { "clip-path": "url(#x-chosen)" }, ...bars(height, counts, passing)),
      band(height + 2, width),
      range,
      draw("g", { class: "x-axis" },
        draw("text", { x: 0, y: -5, class: "x-start" }, `tallest bar: ${poses(Math.max(...counts))}${grey}`),
        hint,
        ...ticks.map((value) => draw("text", { x: scale.x(value), y: height + BAND + 17 }, ticked(value))),
        draw("text", { x: width / 2, y: height + BAND + 31 }, `score (${score.method}), harder to the right`)),
    ));
    mark();
  }

  function hinted(from, to) {
    const [low, high] = [edges[from], edges[to + 1]];
    const digits = scored(low) === scored(high) ? 6 : 3;
    const scores = [from > 0 ? `from ${scored(low, digits)}` : "", to < k - 1 ? `to ${scored(high, digits)}` : ""];
    hint.textContent = [binNames(from, to), ...(from < 0 ? [] : scores)].filter(Boolean).join(" ");
  }

  function mark() {
    const [from, to] = first < 0 ? [0, 0] : [scale.left(first), scale.right(last)];
    shade.setAttribute("x", from);
    shade.setAttribute("width", Math.max(to - from, 0));
    range.setAttribute("x", from + 1);
    range.setAttribute("width", Math.max(to - from - 2, first < 0 ? 0 : 2));
    hinted(first, last);
    place.setAttribute("aria-valuemax", k);
    place.setAttribute("aria-valuenow", Math.max(last, 0) + 1);
    const inside = first < 0 ? [] : set.bin_counts.slice(first, last + 1);
    const count = inside.reduce((sum, one) => sum + one, 0);
    place.setAttribute("aria-valuetext", `${binNames(first, last)}, ${poses(count)}`);
  }

  const binAt = (event) => {
    const box = place.getBoundingClientRect();
    const at = Math.min(Math.max(event.clientX - box.left, 0), box.width);
    return below(edges, scale.value((at / box.width) * Math.max(place.clientWidth, 120)));
  };
  const span = (one, other) => choose(Math.min(one, other), Math.max(one, other));

  place.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    moving = binAt(event);
    if (!event.shiftKey) anchor = moving;
    place.setPointerCapture(event.pointerId);
    span(anchor, moving);
  });
  place.addEventListener("pointermove", (event) => {
    const over = binAt(event);
    if (!place.hasPointerCapture(event.pointerId)) hinted(over, over);
    if (!place.hasPointerCapture(event.pointerId) || over === moving) return;
    moving = over;
    span(anchor, moving);
  });
  place.addEventListener("pointerleave", () => hinted(first, last));
  place.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
    const ends = { Home: 0, End: k - 1 };
    if (event.key in steps) moving = Math.min(Math.max(moving + steps[event.key], 0), k - 1);
    else if (event.key in ends) moving = ends[event.key];
    else return;
    event.preventDefault();
    if (!event.shiftKey) anchor = moving;
    span(anchor, moving);
  });
  new ResizeObserver(() => set && place.clientWidth !== painted && paintAll()).observe(place);

  return {
    element: place,
    show(shownSet, shownCounts, filtered) {
      [set, counts, ghost] = [shownSet, Array.from(shownCounts), filtered];
      edges = set.edges ?? score.edges;
      k = edges.length - 1;
      paintAll();
    },
    choose(from, to) {
      if (from !== Math.min(anchor, moving) || to !== Math.max(anchor, moving)) {
        [anchor, moving] = [Math.max(from, 0), Math.max(to, 0)];
      }
      [first, last] = [from, to];
      if (set) mark();
    },
  };
}

const ticked = (value) => (Math.abs(value) < 1000 ? String(value).replace("-", "−") : scored(value));

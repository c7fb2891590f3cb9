// How alike the poses of two bins are, as a grid that mouse, finger and arrow keys can read.

const STOPS = ["#1a1423", "#5b2440", "#b0493d", "#efa469", "#fdf3dc"]; // dark = less similar

function heatmapOf({ matrix, bins }, choose) {
  const n = matrix.length;
  const known = matrix.flat().filter((value) => value !== null);
  const low = known.reduce((one, other) => Math.min(one, other), Infinity);
  const high = known.reduce((one, other) => Math.max(one, other), -Infinity);
  const canvas = make("canvas", { width: n, height: n, "aria-hidden": "true" });
  const cursor = make("span", { class: "x-cursor", hidden: true });
  const grid = make("div", {
    class: "x-heat", tabindex: 0, role: "application",
    "aria-label": "Similarity of two of the source's bins; arrow keys move, Enter shows samples of both",
  }, canvas, cursor);
  const readout = make("p", { class: "x-readout", "aria-live": "polite" });
  let [row, column] = [n - 1, 0];
  let held = null; // the cell of the two bins that stand side by side

  const context = canvas.getContext("2d");
  matrix.forEach((values, y) => values.forEach((value, x) => {
    if (value === null) return; // stays the colour of the ground
    context.fillStyle = blended(STOPS, high > low ? (value - low) / (high - low) : 1);
    context.fillRect(x, y, 1, 1);
  }));

  function point(toRow, toColumn) {
    [row, column] = [toRow, toColumn];
    cursor.hidden = false;
    cursor.style.left = `${(100 * column) / n}%`;
    cursor.style.top = `${(100 * row) / n}%`;
    cursor.style.width = cursor.style.height = `${100 / n}%`;
    const value = matrix[row][column];
    const text = value === null ? "not defined" : value.toFixed(2).replace("-", "−");
    readout.textContent = `${binNames(...bins[row])} and ${binNames(...bins[column])}: ${text}`;
  }
  // Back to the cell whose bins are shown; without one no cell is marked.
  function rest() {
    if (held) point(...held);
    else {
      cursor.hidden = true;
      readout.textContent = "Choose a cell to see two bins side by side.";
    }
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const cell = (place, size) => Math.min(Math.max(Math.floor((place / size) * n), 0), n - 1);
    return [cell(event.clientY - box.top, box.height), cell(event.clientX - box.left, box.width)];
  };
  grid.addEventListener("pointermove", (event) => point(...at(event)));
  grid.addEventListener("pointerleave", rest);
  grid.addEventListener("focus", () => point(row, column));
  grid.addEventListener("blur", rest);
  grid.addEventListener("click", (event) => {
    point(...at(event));
    choose(bins[row], bins[column], matrix[row][column]);
  });
  grid.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      point(Math.min(Math.max(row + down, 0), n - 1), Math.min(Math.max(column + right, 0), n - 1));
    } else if (event.key === "Enter" || event.key === " ") {
      choose(bins[row], bins[column], matrix[row][column]);
    } else return;
    event.preventDefault();
  });
  rest();

  const scale = make("span", { class: "x-scale", "aria-hidden": "true" });
  scale.style.background = `linear-gradient(to right, ${STOPS.join(", ")})`;
  const value = (one) => (Number.isFinite(one) ? one.toFixed(2).replace("-", "−") : MISSING);
  const ends = [String(bins[0][0] + 1), "bin", String(bins[n - 1][1] + 1)];
  const axis = (side) => make("p", { class: `x-ends x-${side}`, "aria-hidden": "true" }, ...ends.map((end) => make("span", {}, end)));
  const element = make("div", { class: "x-similarity" },
    make("div", { class: "x-square" }, axis("down"), grid, axis("across")),
    make("div", {}, readout,
      make("p", { class: "x-soft" }, "Mean cosine of joint angles, of the source alone."),
      make("p", { class: "x-legend" }, value(low), scale, value(high))));
  return {
    element,
    // Mark the pair of bins that is shown; null = none is.
    show(pair) {
      const place = (wanted) => bins.findIndex(([first, last]) => first === wanted[0] && last === wanted[1]);
      held = pair ? [place(pair.one), place(pair.other)] : null;
      if (document.activeElement !== grid) rest();
    },
  };
}

function blended(stops, share) {
  const place = share * (stops.length - 1);
  const from = Math.min(Math.floor(place), stops.length - 2);
  const parts = [1, 3, 5].map((at) => {
    const [a, b] = [stops[from], stops[from + 1]].map((stop) => parseInt(stop.slice(at, at + 2), 16));
    return Math.round(a + (b - a) * (place - from));
  });
  return `rgb(${parts.join(" ")})`;
}

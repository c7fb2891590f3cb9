// How alike the poses of two bins are, as a grid that mouse, finger and arrow keys can read.

const STOPS = ["#1a1423", "#5b2440", "#b0493d", "#efa469", "#fdf3dc"]; // dark = less similar

function heatmapOf({ matrix, bins }, choose) {
  const n = matrix.length;
  const known = matrix.flat().filter((value) => value !== null);
  const low = known.reduce((one, other) => Math.min(one, other), Infinity);
  const high = known.reduce((one, other) => Math.max(one, other), -Infinity);
  const canvas = make("canvas", { width: n, height: n, "aria-hidden": "true" });
  const cursor = make("span", { class: "x-cursor" });
  const grid = make("div", {
    class: "x-heat", tabindex: 0, role: "application",
    "aria-label": "Similarity of two bins; arrow keys move, Enter shows samples of both",
  }, canvas, cursor);
  const readout = make("p", { class: "x-readout", "aria-live": "polite" });
  let [row, column] = [n - 1, 0];

  const context = canvas.getContext("2d");
  matrix.forEach((values, y) => values.forEach((value, x) => {
    if (value === null) return; // stays the colour of the ground
    context.fillStyle = blended(STOPS, high > low ? (value - low) / (high - low) : 1);
    context.fillRect(x, y, 1, 1);
  }));

  function point(toRow, toColumn) {
    [row, column] = [toRow, toColumn];
    cursor.style.left = `${(100 * column) / n}%`;
    cursor.style.top = `${(100 * row) / n}%`;
    cursor.style.width = cursor.style.height = `${100 / n}%`;
    const value = matrix[row][column];
    const text = value === null ? "not defined" : value.toFixed(2).replace("-", "−");
    readout.textContent = `${binNames(...bins[row])} and ${binNames(...bins[column])}: ${text}`;
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const cell = (place, size) => Math.min(Math.max(Math.floor((place / size) * n), 0), n - 1);
    return [cell(event.clientY - box.top, box.height), cell(event.clientX - box.left, box.width)];
  };
  grid.addEventListener("pointermove", (event) => point(...at(event)));
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
  point(row, column);

  const scale = make("span", { class: "x-scale", "aria-hidden": "true" });
  scale.style.background = `linear-gradient(to right, ${STOPS.join(", ")})`;
  const ends = (value) => (Number.isFinite(value) ? value.toFixed(2).replace("-", "−") : MISSING);
  return make("div", { class: "x-similarity" },
    make("div", {}, grid, make("p", { class: "x-ends", "aria-hidden": "true" },
      make("span", {}, String(bins[0][0] + 1)), make("span", {}, "bin"), make("span", {}, String(bins[n - 1][1] + 1)))),
    make("div", {}, readout,
      make("p", { class: "x-soft" }, "Mean cosine of joint angles. Click to see both."),
      make("p", { class: "x-legend" }, ends(low), scale, ends(high))));
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

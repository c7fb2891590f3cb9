// How alike the poses of two bins are, as a grid that mouse, finger and arrow keys can read.

function heatmapOf({ matrix, bins, range, stops, picture }, choose) {
  const n = matrix.length;
  const cells = make("img", { src: picture, alt: "Mean cosines of all pairs of bins, dark = less similar", draggable: "false" });
  const cursor = make("span", { class: "x-cursor", hidden: true });
  const grid = make("div", {
    class: "x-heat", tabindex: 0, role: "application",
    "aria-label": "Similarity of two of the source's bins; arrow keys move, Enter shows samples of both",
  }, cells, cursor);
  const readout = make("p", { class: "x-readout", "aria-live": "polite" });
  let [row, column] = [n - 1, 0];
  let held = null; // the cell of the two bins that stand side by side

  function point(toRow, toColumn) {
    [row, column] = [toRow, toColumn];
    cursor.hidden = false;
    cursor.style.left = `${(100 * column) / n}%`;
    cursor.style.top = `${(100 * row) / n}%`;
    cursor.style.width = cursor.style.height = `${100 / n}%`;
    const value = matrix[row][column];
    const text = value === null ? "not defined" : cosine(value);
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
    const box = cells.getBoundingClientRect();
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
  scale.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const ends = [String(bins[0][0] + 1), "bin", String(bins[n - 1][1] + 1)];
  const axis = (side) => make("p", { class: `x-ends x-${side}`, "aria-hidden": "true" }, ...ends.map((end) => make("span", {}, end)));
  const element = make("div", { class: "x-similarity" },
    make("div", { class: "x-square" }, axis("down"), grid, axis("across")),
    make("div", {}, readout,
      make("p", { class: "x-soft" }, "Mean cosine of joint angles, of the source alone."),
      make("p", { class: "x-legend" }, cosine(range[0]), scale, cosine(range[1]))));
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

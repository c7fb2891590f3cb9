// The explorer: its state, its controls, and what happens when one of them is used.
//
// The page packs its poses as JSON in a data block. This script unpacks them, puts the explorer in
// the place of the text that stands there without it, and marks the page as ready. It asks the
// network for nothing and writes nothing but text into the page.

const LISTED = 80; // more modes or clips than this are searched, not listed
const OPEN = { joint: "", mode: "", clip: "", file: "", picture: "", covered: "" };

class ExplorerOfPoses {
  constructor(data, root) {
    Object.assign(this, { data, root, sets: data.sets, set: data.sets.at(0), views: [] });
    Object.assign(this, { model: data.model ?? 0, shown: PAGE, pass: null });
    for (const set of data.sets) Object.assign(set, { key: "score", falling: true }); // each keeps its order
    [this.first, this.last] = [data.score.k - 1, data.score.k - 1];
    this.filter = { ...OPEN };
  }

  // The whole explorer, in the place of the fallback.
  build() {
    const { score, similarity } = this.data;
    this.histogram = histogramOf(score, (first, last) => this.choose(first, last));
    this.pane = make("div", { class: "x-pane" });
    this.title = make("h3", { tabindex: -1 });
    this.besides = make("div", { class: "x-beside" });
    this.dropped = make("p", { class: "x-dropped x-soft", role: "status", hidden: true });
    this.back = make("button", { type: "button", class: "x-back", onclick: () => this.leave() }, "‹ Back");
    this.line = make("p", { class: "x-line", "aria-live": "polite", role: "status" });
    this.tooltip = make("div", { class: "x-tip", role: "tooltip", hidden: true });
    this.bins = make("div", { class: "x-bins" });
    this.filters = make("div", { class: "x-filters" });
    this.note = make("p", { class: "x-note x-soft" });
    const open = matchMedia("(min-width: 46.01rem)").matches;
    const part = (title, content) => make("details", { class: "x-part", open }, make("summary", {}, title), content);
    this.heatmap = similarity ? heatmapOf(similarity, (one, other, value) => this.compare(one, other, value)) : null;
    this.root.replaceChildren(
      make("div", { class: "x-controls", role: "group", "aria-label": "Choose poses" },
        make("div", { class: "x-scores" }, this.switch(), this.histogram.element, this.bins),
        part("Filters", this.filters),
        ...(similarity ? [part("Similarity of the source’s bins", this.heatmap.element)] : [])),
      make("section", { class: "x-main", "aria-label": "Poses" },
        make("header", { class: "x-heading" }, this.back, make("div", {}, this.title, this.line, this.dropped), this.besides),
        this.pane, this.note, this.tooltip));
    this.binControls();
    this.enter(this.set);
  }

  switch() {
    if (this.sets.length < 2) return "";
    return make("div", { class: "x-switch", role: "radiogroup", "aria-label": "Poses of" }, ...this.sets.map((set) =>
      make("label", {}, make("input", {
        type: "radio", name: "x-set", value: set.which, checked: set === this.set,
        onchange: async () => this.enter(await opened(set)),
      }), make("span", {}, set.title))));
  }

  // Show another set in its own order; filters that it has too go on, the others are named.
  enter(set) {
    const dropped = this.carried(set);
    this.set = set;
    this.k = (set.edges ?? this.data.score.edges).length - 1;
    [this.first, this.last] = [this.first, this.last].map((bin) => Math.min(bin, this.k - 1));
    this.low.max = this.high.max = this.k;
    this.whole.textContent = ` of ${counted(this.k)}`;
    if (this.first < 0 && !set.unscored) [this.first, this.last] = [0, this.k - 1];
    this.unscored.hidden = !set.unscored;
    this.unscored.textContent = `Unscored (${counted(set.unscored)})`;
    this.filterControls();
    this.besideControls();
    this.refilter();
    this.dropped.hidden = !dropped.length;
    this.dropped.textContent = `The ${set.title} have no ${dropped.join(", no ")}: that filter is off.`;
  }

  // Turn off the filters that a set does not have, and name them.
  carried(set) {
    const { filter } = this;
    const dropped = [];
    const drop = (key, text) => {
      if (!filter[key]) return;
      filter[key] = "";
      dropped.push(text);
    };
    for (const [key, names] of [["mode", set.modes], ["clip", set.clips]]) {
      const asked = filter[key].replace(/^=/, "");
      if (names.length > LISTED) filter[key] = asked; // is searched, not listed
      else if (names.some((name) => String(name) === asked)) filter[key] = `=${asked}`;
      else drop(key, `${key} “${asked}”`);
    }
    const [state, joint] = filter.joint.split(" ");
    const hidden = hiddenIn(set);
    if (state === "all" && !hidden.some(Boolean)) drop("joint", "hidden joint");
    else if (joint && !hidden[joint]) drop("joint", `${words(this.data.skeleton.keypoints[joint])} that is hidden`);
    if (!set.names && !set.files) drop("file", "file names");
    if (!set.pictures.length) drop("picture", "pictures");
    if (!set.covered) drop("covered", "cover to ask for");
    return dropped;
  }

  binControls() {
    const number = (label, change) => make("input", {
      type: "number", min: 1, step: 1, "aria-label": label, inputmode: "numeric",
      onchange: (event) => {
        const bin = Math.round(Number(event.target.value)) - 1;
        if (Number.isFinite(bin)) change(Math.min(Math.max(bin, 0), this.k - 1));
        this.choose(this.first, this.last);
      },
    });
    this.low = number("First bin", (bin) => { this.first = bin; this.last = Math.max(bin, this.last); });
    this.high = number("Last bin", (bin) => { this.last = bin; this.first = Math.min(bin, Math.max(this.first, 0)); });
    const button = (text, label, onclick) => make("button", { type: "button", "aria-label": label, onclick }, text);
    const shift = (by) => {
      const size = this.last - this.first + 1;
      const first = Math.min(Math.max(this.first + by * size, 0), this.k - size);
      this.choose(first, first + size - 1);
    };
    this.whole = make("span");
    this.unscored = button("Unscored", null, () => this.choose(-1, -1));
    this.bins.append(
      button("‹", "Easier bins", () => shift(-1)),
      make("span", { class: "x-range-of" }, "bins ", this.low, " to ", this.high, this.whole),
      button("›", "Harder bins", () => shift(1)),
      button("All", "All bins", () => this.choose(0, this.k - 1)), this.unscored);
  }

  filterControls() {
    const { set, filter } = this;
    const hidden = hiddenIn(set);
    const joints = this.data.skeleton.keypoints.map((name, number) => [number, words(name), hidden[number]])
      .filter(([, , times]) => times > 0); // the others would filter nothing
    const asks = (key) => (value) => { filter[key] = value; this.dropped.hidden = true; this.refilter(); };
    const joint = list([
      ["", [["", "any"], ["all", "all visible"]]],
      ["hidden", joints.map(([number, name, times]) => [`hidden ${number}`, `${name} hidden (${counted(times)})`])],
      ["visible", joints.map(([number, name]) => [`visible ${number}`, `${name} visible`])],
    ], filter.joint, asks("joint"));
    const of = (key, names) => {
      if (!names.length) return [];
      const short = names.length <= LISTED;
      const control = short
        ? list([["", [["", "any"], ...names.map((name) => [`=${name}`, key === "mode" ? words(String(name)) : String(name)])]]], filter[key], asks(key))
        : this.search(filter[key], asks(key));
      return [labelled(short ? key : `${key} contains`, control)];
    };
    const cleared = make("button", { type: "button", class: "x-clear", onclick: () => {
      Object.assign(filter, OPEN);
      this.dropped.hidden = true;
      this.filterControls();
      this.filters.querySelector("select, input").focus();
      this.refilter();
    } }, "Clear filters");
    this.filters.replaceChildren(...(joints.length ? [labelled("joints", joint, true)] : []), ...of("mode", set.modes), ...of("clip", set.clips),
      ...(set.files || set.names ? [labelled("file name contains", this.search(filter.file, asks("file")))] : []),
      ...(set.pictures.length ? [labelled("pictures", list([["", [["", "any"], ["1", "with a picture"]]]], filter.picture, asks("picture")))] : []),
      ...(set.covered ? [labelled("source", list([["", [["", "any"], ["0", "lacks the pose"], ["1", "covers the pose"]]]], filter.covered, asks("covered")))] : []),
      cleared);
    this.cleared = cleared;
  }

  search(value, chosen) {
    let waiting = 0;
    return make("input", { type: "search", value, autocomplete: "off", spellcheck: "false", oninput: (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => chosen(event.target.value), 120);
    } });
  }

  // The numbers of the names that a list entry or a search asks for; null = no question.
  numbers(key, names) {
    const asked = this.filter[key];
    if (!asked) return null;
    if (names.length <= LISTED) return new Set([names.findIndex((name) => `=${name}` === asked)]);
    const found = new Set();
    names.forEach((name, number) => String(name).toLowerCase().includes(asked.toLowerCase()) && found.add(number));
    return found;
  }

  async refilter() {
    const { set, filter } = this;
    if (filter.file) await named(set);
    if (set !== this.set) return; // another set was entered meanwhile
    this.pass = passing(set, { ...filter, mode: this.numbers("mode", set.modes), clip: this.numbers("clip", set.clips) });
    this.cleared.disabled = !this.pass;
    this.histogram.show(set, barsOf(set, this.pass), this.pass !== null);
    this.choose(this.first, this.last);
  }

  choose(first, last) {
    Object.assign(this, { first, last, shown: PAGE });
    this.histogram.choose(first, last);
    [this.low.value, this.high.value] = first < 0 ? ["", ""] : [first + 1, last + 1];
    this.unscored.setAttribute("aria-pressed", String(first < 0));
    this.views = [{ kind: "gallery" }];
    this.later();
  }

  // Draw once a frame, however often a finger moves.
  later() {
    this.waiting ??= requestAnimationFrame(() => this.render());
  }

  render() {
    cancelAnimationFrame(this.waiting);
    this.waiting = null;
    this.tell(null);
    const view = this.views.at(-1);
    const show = { gallery: galleryView, pair: pairView, pose: poseView }[view.kind];
    const { title, beside = [], body } = show(this, view);
    this.root.dataset.view = view.kind;
    this.back.hidden = view.kind === "gallery";
    this.title.textContent = title;
    this.note.textContent = (view.set ?? this.set).note;
    const there = [...this.besides.children];
    const used = document.activeElement; // a list in use must not lose the focus
    if (beside.length !== there.length || beside.some((one, at) => one !== there[at])) this.besides.replaceChildren(...beside);
    if (used !== document.activeElement && this.besides.contains(used)) used.focus({ preventScroll: true });
    this.heatmap?.show(view.kind === "pair" ? view : null);
    this.pane.replaceChildren(...body);
  }

  selection(wanted) {
    const { first, last, pass, model } = this;
    const { key, falling } = this.set;
    return selected(this.set, { first, last, pass, key, model, falling, wanted });
  }

  wholeCount() {
    if (this.first < 0) return this.set.unscored;
    return this.set.bin_counts.slice(this.first, this.last + 1).reduce((sum, one) => sum + one, 0);
  }

  // Beside a title: the model whose errors and predictions are shown, the order, the lines.
  besideControls() {
    const { set } = this;
    const keys = [["score", "score"], ...(set.models ? [["pck", "PCK"], ["evalpose", "EvalPose"]] : [])];
    const order = keys.flatMap(([key, text]) => [[`${key} falling`, `${text}, highest first`], [`${key} rising`, `${text}, lowest first`]]);
    const turn = (value) => {
      const [key, way] = value.split(" ");
      Object.assign(set, { key, falling: way === "falling" });
      this.shown = PAGE;
      this.later();
    };
    const model = (value) => { Object.assign(this, { model: Number(value), shown: PAGE }); this.later(); };
    const models = this.data.models.map((text, number) => [`${number}`, text]);
    const method = list([["", models]], `${this.model}`, model);
    const skeletons = make("input", {
      type: "checkbox", checked: this.root.dataset.skeletons !== "off",
      onchange: () => { this.root.dataset.skeletons = skeletons.checked ? "on" : "off"; },
    });
    this.controls = {
      ...(set.models || set.predictors ? { method: labelled("method", method) } : {}),
      order: labelled("order", list([["", order]], `${set.key} ${set.falling ? "falling" : "rising"}`, turn)),
      ...(this.sets.some((one) => one.pictures.length)
        ? { skeletons: make("label", { class: "x-check" }, skeletons, "skeletons") } : {}),
    };
    for (const [name, control] of Object.entries(this.controls)) control.dataset.control = name;
  }

  beside(names) {
    return names.map((name) => this.controls[name]).filter(Boolean);
  }

  // Go to a view; `from` is the button that was pressed, to which the way back leads.
  async visit(view, from) {
    if (from) Object.assign(this.views.at(-1), { pose: from.dataset.pose, scroll: scrollY });
    await Promise.all(this.sets.map(opened));
    await named(view.set);
    this.views.push(view);
    this.render();
    this.title.focus({ preventScroll: true });
    if (this.title.getBoundingClientRect().top < 40) this.title.scrollIntoView({ block: "start", behavior: "instant" });
  }

  async replace(view, pressed) {
    await named(view.set);
    this.views[this.views.length - 1] = view;
    this.render();
    const buttons = [...this.besides.querySelectorAll("button:enabled")];
    (buttons.find((one) => one.textContent === pressed) ?? buttons[0])?.focus({ preventScroll: true });
  }

  leave() {
    this.views.pop();
    this.render();
    const { pose, scroll } = this.views.at(-1);
    if (scroll !== undefined) window.scrollTo({ top: scroll, behavior: "instant" });
    const from = [...this.pane.querySelectorAll(".x-tile")].find((one) => one.dataset.pose === pose);
    (from ?? this.title).focus({ preventScroll: true });
  }

  async compare(one, other, value) {
    const set = await opened(this.sets.find(({ which }) => which === "source") ?? this.set);
    this.views.length = Math.min(this.views.length, 1);
    await this.visit({ kind: "pair", set, one, other, value });
  }

  say(text) {
    this.line.textContent = text;
  }

  // What is known of the pose under the pointer or in focus, beside it.
  tell(tile, facts) {
    this.tooltip.hidden = !tile;
    if (!tile) return;
    this.tooltip.replaceChildren(...facts.map(([name, value]) =>
      make("p", {}, make("span", {}, make("bdi", {}, name)), " ", make("bdi", {}, value))));
    const [around, box] = [this.tooltip.parentElement.getBoundingClientRect(), tile.getBoundingClientRect()];
    const [wide, tall] = [this.tooltip.offsetWidth, this.tooltip.offsetHeight];
    const above = box.top - tall - 6 > 44;
    const left = Math.min(Math.max(box.left + box.width / 2 - wide / 2, around.left), around.right - wide);
    this.tooltip.style.left = `${left - around.left}px`;
    this.tooltip.style.top = `${(above ? box.top - tall - 6 : box.bottom + 6) - around.top}px`;
  }
}

async function start() {
  const root = document.querySelector("[data-explorer]");
  const say = (text) => root.replaceChildren(make("p", { class: "remark" }, text));
  if (!("DecompressionStream" in window)) {
    say("This browser is too old to unpack the poses in this page; any browser from 2023 on can. The rest of the page is complete.");
    return;
  }
  try {
    const explorer = new ExplorerOfPoses(JSON.parse(document.getElementById("explorer-data").textContent), root);
    await opened(explorer.set);
    explorer.build();
    explorer.render();
    document.documentElement.dataset.explorer = "ready";
    performance.mark("explorer ready");
    for (const set of explorer.sets) await named(await opened(set));
  } catch (error) {
    document.documentElement.dataset.explorer = "failed";
    say(`The poses in this page could not be unpacked (${error.message}). The rest of the page is complete.`);
  }
}

start();

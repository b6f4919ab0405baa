// Explorer: sliders, words and tables; every change goes through `show`.

const WORDS = {
  density: (value) => brief(value, 4),
  ratio: (value) => brief(value, 4),
  l1: (value) => brief(value, 4),
  count: (value) => String(value),
  hidden: (value) => String(value),
};
const SPOKEN = {
  density: (words) => `density ${words}`,
  ratio: (words) => `last feature ${words} times as important as the first`,
  l1: (words) => `L1 weight ${words}`,
  count: (words) => `${words} features`,
  hidden: (words) => `${words} dimensions`,
};
const STEP = 480;
let playing = null;

function show(quiet = false) {
  for (const key of SLIDERS) drawSlider(key);
  const { count, hidden } = here();
  byId("title").textContent = `${count} features in ${hidden} ${hidden === 1 ? "dimension" : "dimensions"}`;
  if (!quiet) drawStatus();
  drawChart();
  drawArrangement();
  drawCandidates();
  drawBoundaries();
  drawCurves();
  drawRuns();
}

function drawSlider(key) {
  const input = byId(key);
  const values = choices(key);
  input.max = values.length - 1;
  input.value = values.indexOf(valueOf(key));
  input.disabled = values.length < 2;
  const words = WORDS[key](valueOf(key));
  input.setAttribute("aria-valuetext", SPOKEN[key](words));
  byId(`${key}-value`).textContent = words;
}

// One sentence on who wins and by how much; read aloud when it changes.
function drawStatus() {
  const [first, second] = ranked();
  const at = position.point;
  const parts = [`At density p = ${brief(density(), 4)} `, element("b", {}, first.geometry),
    ` has the lowest loss of the candidates, ${exact(first.loss[at], first.error[at])} (error below ${brief(first.error[at], 2)})`];
  parts.push(first.stable[at] ? ", a local minimum. " : ", but it is not a minimum of the full loss: an arrangement outside the catalogue lies lower. ");
  const share = second ? above(second.loss[at], first.loss[at], first.error[at]) : null;
  if (share !== null) parts.push(`Next: ${second.geometry}, ${percent(share)} higher.`);
  byId("status").replaceChildren(...parts);
}

function drawCandidates() {
  const at = position.point;
  const all = ranked();
  const rows = all.map((branch) => {
    const row = element("tr");
    row.classList.toggle("shown", branch === drawnBranch());
    row.classList.toggle("lowest", branch === all[0]);
    const button = element("button", { type: "button", "aria-pressed": branch === drawnBranch(), "data-geometry": branch.geometry });
    button.append(swatch(branch.geometry), branch.geometry);
    button.addEventListener("click", () => choose(branch));
    const name = element("th", { scope: "row" });
    name.append(button);
    const number = (text, key) => element("td", { class: "number", "data-key": key }, text);
    row.append(name, number(exact(branch.loss[at], branch.error[at]), "loss"), number(brief(branch.error[at], 2), "error"),
      number(percent(branch.loss[at] / here().empty[at]), "share"), number(branch === all[0] ? "–" : percent(above(branch.loss[at], all[0].loss[at], all[0].error[at])), "above"),
      number(brief(branch.curvature[at], 3), "curvature"), element("td", {}, kind(branch)));
    return row;
  });
  const focused = document.activeElement?.dataset?.geometry;
  byId("candidates").tBodies[0].replaceChildren(...rows);
  if (focused) [...document.querySelectorAll("#candidates button")].find((button) => button.dataset.geometry === focused)?.focus();
}

function choose(branch) {
  position.chosen = position.chosen === branch.geometry ? null : branch.geometry;
  position.run = null;
  show();
}

function drawBoundaries() {
  const items = here().boundaries.map((one) => {
    const where = one.decimal ? `at p = ${one.decimal}, proved` : `between p = ${brief(one.lower, 6)} and ${brief(one.upper, 6)}`;
    return element("li", {}, `${one.below} below, ${one.above} above, ${where}${one.minima ? "" : "; not both are local minima there"}`);
  });
  byId("boundaries").replaceChildren(...(items.length ? items : [element("li", {}, "none in this range")]));
}

// Tables that are folded are filled when they are opened.
function drawCurves() {
  if (!byId("curves-details").open) return;
  const table = byId("curves");
  const head = element("tr");
  head.append(element("th", { scope: "col", class: "number" }, "density"), ...here().branches.map((branch) => element("th", { scope: "col", class: "number" }, branch.geometry)));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...DATA.densities.map((value, point) => {
    const row = element("tr");
    row.append(element("th", { scope: "row", class: "number" }, brief(value, 4)));
    for (const branch of here().branches) {
      const mark = branch.stable[point] === false ? " *" : "";
      row.append(element("td", { class: "number" }, exact(branch.loss[point], branch.error[point]) + mark));
    }
    return row;
  }));
}

function drawRuns() {
  const runs = runsHere();
  byId("dots-caption").textContent = runs.length ? ` Markers are ${runs.length} learned runs, coloured by the geometry they were identified as; press one to lay it over the prediction.` : "";
  const table = byId("runs");
  if (!table || !byId("runs-details").open) return;
  table.tBodies[0].replaceChildren(...runs.map((run) => {
    const row = element("tr");
    row.append(element("td", { class: "number" }, brief(run.density, 4)), element("td", {}, run.geometry),
      element("td", { class: "number" }, exact(run.loss, run.error)), element("td", { class: "number" }, brief(run.error, 2)), element("td", {}, run.verdict));
    return row;
  }));
}

// A run is laid over the branch of its own geometry, at the computed density next to its own.
function chooseRun(run) {
  const ways = DATA.densities.map((value) => Math.abs(Math.log(value / run.density)));
  position.point = ways.indexOf(Math.min(...ways));
  position.run = run;
  position.chosen = run.over;
  const place = runsHere().indexOf(run);
  show();
  focusRun(place);
}

function stop() {
  clearTimeout(playing);
  playing = null;
  byId("play").textContent = "Play";
}

// Through all densities, from here or, at the end, from the start; words are spoken where the winner changes.
function play() {
  if (playing) return stop();
  byId("play").textContent = "Stop";
  position.chosen = null;
  if (position.point === DATA.densities.length - 1) position.point = -1;
  const step = () => {
    const before = position.point < 0 ? null : lowest();
    position.point += 1;
    position.run = null;
    const last = position.point === DATA.densities.length - 1;
    show(lowest() === before && !last);
    if (last) return stop();
    playing = setTimeout(step, still.matches ? 2 * STEP : STEP);
  };
  step();
}

function pointAt(event) {
  const box = byId("losses").getBoundingClientRect();
  const x = event.clientX - box.left;
  const ways = DATA.densities.map((value) => Math.abs(across(value) - x));
  return ways.indexOf(Math.min(...ways));
}

function begin() {
  position.panel = DATA.start.panel;
  position.point = DATA.start.point;
  for (const key of SLIDERS) {
    byId(key).addEventListener("input", (event) => {
      stop();
      move(key, Number(event.target.value));
      show();
    });
  }
  byId("play").addEventListener("click", play);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  const drawing = byId("losses");
  const drag = (event) => {
    if (!(event.buttons & 1) || pointAt(event) === position.point && event.type === "pointermove") return;
    stop();
    move("density", pointAt(event));
    show();
  };
  drawing.addEventListener("pointerdown", drag);
  drawing.addEventListener("pointermove", drag);
  for (const id of ["curves-details", "runs-details"]) byId(id)?.addEventListener("toggle", () => { drawCurves(); drawRuns(); });
  turnable();
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width !== width) drawChart();
    width = entry.contentRect.width;
  }).observe(drawing.parentElement);
  show();
}

begin();

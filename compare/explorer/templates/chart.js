// Chart: exact losses over density, with boundaries, the present density and the learned runs.

const chart = { left: 46, right: 168, bottom: 40, head: 0, width: 0, height: 0 };
const LABEL = 13;

function frameChart() {
  const box = byId("losses").parentElement.clientWidth;
  chart.right = box < 560 ? 10 : 168;
  chart.width = Math.max(box - chart.left - chart.right, 120);
  chart.height = Math.min(Math.max(box * 0.5, 240), 400);
  chart.head = 8 + 15 * (1 + Math.max(-1, ...wallLevels()));
  chart.top = topOf(here());
  byId("losses").setAttribute("viewBox", `0 0 ${box} ${chart.head + chart.height + chart.bottom}`);
}

// The frame ends a little above the highest curve that matters: in colour, and a minimum somewhere.
function topOf(panel) {
  const matters = (branch) => lookOf(branch.geometry) && branch.stable.some(Boolean);
  const ratios = panel.branches.filter(matters).flatMap((branch) =>
    branch.loss.map((loss, point) => (loss === null ? 0 : loss / panel.empty[point])));
  return 1.08 * Math.min(Math.max(...ratios, 0.05), 1.2);
}

function across(value) {
  const [low, high] = [DATA.densities[0], DATA.densities.at(-1)];
  return chart.left + (chart.width * Math.log(value / low)) / Math.log(high / low);
}
const up = (ratio) => chart.head + chart.height * (1 - ratio / chart.top);
const ratioAt = (branch, point) => branch.loss[point] / here().empty[point];

function drawChart() {
  frameChart();
  const parts = [grid(), ...here().boundaries.map(wall), ...bands(), ...curves(), cursor(), labels(), dots()];
  byId("losses").replaceChildren(...parts);
}

function grid() {
  const group = svg("g", { "aria-hidden": "true" });
  const floor = chart.head + chart.height;
  const step = [0.02, 0.05, 0.1, 0.2, 0.25].find((one) => chart.top / one <= 6) ?? 0.5;
  for (let ratio = 0; ratio <= chart.top; ratio += step) {
    group.append(svg("line", { class: "grid", x1: chart.left, x2: chart.left + chart.width, y1: up(ratio), y2: up(ratio) }));
    group.append(svg("text", { class: "quiet", x: chart.left - 7, y: up(ratio) + 4, "text-anchor": "end", "font-size": 12 },
      String(Number(ratio.toFixed(2)))));
  }
  const steps = chart.width < 330 ? [1] : [1, 2, 5];
  for (let power = -4; power <= 0; power += 1) {
    for (const mantissa of steps) {
      const value = mantissa * 10 ** power;
      if (value < DATA.densities[0] * 0.999 || value > DATA.densities.at(-1) * 1.001) continue;
      group.append(svg("line", { class: "axis", x1: across(value), x2: across(value), y1: floor, y2: floor + 5 }));
      group.append(svg("text", { class: "quiet", x: across(value), y: floor + 18, "text-anchor": "middle", "font-size": 12 },
        String(Number(value.toPrecision(3)))));
    }
  }
  group.append(svg("path", { class: "axis", d: `M${chart.left},${chart.head}V${floor}H${chart.left + chart.width}` }));
  group.append(svg("text", { class: "quiet", x: chart.left + chart.width / 2, y: floor + 36, "text-anchor": "middle", "font-size": 13 },
    "density p"));
  group.append(svg("text", { class: "quiet", x: 0, y: 0, "text-anchor": "middle", "font-size": 13,
    transform: `translate(12 ${chart.head + chart.height / 2}) rotate(-90)` }, "loss / empty model’s"));
  return group;
}

// Boundaries: a line with the digits of its density above it, on a level of its own where two would collide.
const wallText = (one) => (one.decimal ? `p = ${one.decimal}` : `p = ${brief(one.lower)} … ${brief(one.upper)}`);

function wallSpan(one) {
  const half = wallText(one).length * 3.3 + 6;
  const middle = Math.min(Math.max(across(one.value), chart.left + half), chart.left + chart.width + chart.right - half);
  return [middle - half, middle + half];
}

function wallLevels() {
  const ends = [];
  return here().boundaries.map((one) => {
    const [start, end] = wallSpan(one);
    let level = ends.findIndex((last) => last < start);
    if (level < 0) level = ends.length;
    ends[level] = end;
    return level;
  });
}

function wall(one, number) {
  const group = svg("g", { "aria-hidden": "true" });
  const y = chart.head - 6 - 15 * wallLevels()[number];
  const [start, end] = wallSpan(one);
  if (!one.decimal) {
    group.append(svg("rect", { x: across(one.lower), width: across(one.upper) - across(one.lower), y: chart.head,
      height: chart.height, fill: "var(--guide)" }));
  } else {
    group.append(svg("line", { class: one.minima ? "wall" : "wall faint", x1: across(one.value), x2: across(one.value), y1: y + 3, y2: chart.head + chart.height }));
  }
  group.append(svg("text", { class: one.minima ? "halo" : "halo quiet", x: (start + end) / 2, y, "text-anchor": "middle", "font-size": 12 }, wallText(one)));
  return group;
}

// Stretches of neighbouring points for which something holds, each as a path.
function stretches(branch, holds) {
  const paths = [];
  let path = "";
  branch.loss.forEach((loss, point) => {
    const inside = loss !== null && ratioAt(branch, point) <= chart.top;
    if (inside && holds(point)) path += `${path ? "L" : "M"}${across(DATA.densities[point]).toFixed(1)},${up(ratioAt(branch, point)).toFixed(1)}`;
    else if (path) { paths.push(path); path = ""; }
  });
  if (path) paths.push(path);
  return paths;
}

function bands() {
  return here().branches.flatMap((branch, number) =>
    stretches(branch, (point) => here().best[point] === number).map((d) =>
      svg("path", { class: "curve", d, stroke: colorOf(branch.geometry), "stroke-width": 10, opacity: 0.2, "aria-hidden": "true" })));
}

// A segment is solid if both its ends are minima.
function curves() {
  const order = [...here().branches].sort((one, other) => Boolean(lookOf(one.geometry)) - Boolean(lookOf(other.geometry)));
  return order.flatMap((branch) => {
    const drawn = branch === drawnBranch();
    const style = { class: "curve", stroke: colorOf(branch.geometry), "stroke-width": drawn ? 3.2 : 1.8, "aria-hidden": "true" };
    const near = (point) => branch.stable[point] === false || branch.stable[point - 1] === false || branch.stable[point + 1] === false;
    const solid = stretches(branch, (point) => branch.stable[point] === true);
    const dashed = stretches(branch, near);
    return [...dashed.map((d) => svg("path", { ...style, d, "stroke-dasharray": "1.5 5" })),
      ...solid.map((d) => svg("path", { ...style, d }))];
  });
}

function cursor() {
  const group = svg("g", { "aria-hidden": "true" });
  const x = across(density());
  group.append(svg("line", { class: "cursor", x1: x, x2: x, y1: chart.head, y2: chart.head + chart.height }));
  for (const branch of ranked().reverse()) {
    const ratio = ratioAt(branch, position.point);
    if (ratio > chart.top) continue;
    const circle = { cx: x, cy: up(ratio), r: branch === drawnBranch() ? 5 : 3, fill: colorOf(branch.geometry) };
    group.append(svg("circle", { ...circle, stroke: "var(--paper)", "stroke-width": 1.5 }));
  }
  return group;
}

// Names at the right ends of the curves, pushed apart.
function labels() {
  const group = svg("g", { "aria-hidden": "true" });
  if (chart.right < 100) return group;
  const ends = here().branches.map((branch) => {
    const point = branch.loss.findLastIndex((loss, at) => loss !== null && ratioAt(branch, at) <= chart.top);
    return { branch, point, y: point < 0 ? 0 : up(ratioAt(branch, point)) };
  }).filter((end) => end.point >= 0).sort((one, other) => one.y - other.y);
  const last = ends.length - 1;
  ends.forEach((end, k) => { end.at = Math.max(end.y, (k ? ends[k - 1].at : chart.head) + LABEL); });
  for (let k = last; k >= 0; k -= 1) ends[k].at = Math.min(ends[k].at, (k < last ? ends[k + 1].at : chart.head + chart.height + LABEL) - LABEL);
  for (const { branch, point, y, at } of ends) {
    const start = across(DATA.densities[point]) + 4;
    const x = chart.left + chart.width + 22;
    const color = colorOf(branch.geometry);
    group.append(svg("path", { d: `M${start},${y}L${x - 4},${at}`, stroke: color, "stroke-width": 0.8, fill: "none", opacity: 0.7 }));
    const text = { x, y: at + 4, "font-size": 12, "font-weight": branch === drawnBranch() ? 650 : 400 };
    group.append(svg("text", lookOf(branch.geometry) ? text : { ...text, class: "quiet" }, branch.geometry));
  }
  return group;
}

// Learned runs: one stop of the Tab key for all, arrow keys between them.
const sayRun = (run) => `${run.geometry}, loss ${exact(run.loss, run.error)}, ${run.verdict}, density ${brief(run.density)}`;

function dots() {
  const runs = runsHere();
  const group = svg("g", runs.length ? { role: "listbox", "aria-label": "Learned runs, from low to high density" } : {});
  const current = runs.includes(position.run) ? position.run : runs[0];
  for (const run of runs) {
    const y = up(Math.min(run.loss / run.empty, chart.top));
    const dot = svg("g", { class: "dot", role: "option", transform: `translate(${across(run.density).toFixed(1)} ${y.toFixed(1)})`,
      tabindex: run === current ? 0 : -1, "aria-label": sayRun(run), "aria-selected": run === position.run });
    const shape = marker(DATA.looks[run.geometry] ?? DATA.looks.unidentified, 0.85);
    shape.setAttribute("fill-opacity", 0.6);
    dot.append(shape, svg("circle", { class: "ring", r: 8 }));
    dot.addEventListener("focus", () => showTip(run, dot));
    dot.addEventListener("blur", hideTip);
    dot.addEventListener("pointerenter", () => showTip(run, dot));
    dot.addEventListener("pointerleave", hideTip);
    dot.addEventListener("pointerdown", (event) => { event.stopPropagation(); chooseRun(run); });
    dot.addEventListener("keydown", (event) => onDotKey(event, runs, run));
    group.append(dot);
  }
  return group;
}

function onDotKey(event, runs, run) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key === "Enter" || event.key === " ") chooseRun(run);
  else if (event.key === "Escape") hideTip();
  else if (event.key in steps || event.key === "Home" || event.key === "End") {
    const at = runs.indexOf(run) + (steps[event.key] ?? 0);
    const to = event.key === "Home" ? 0 : event.key === "End" ? runs.length - 1 : at;
    focusRun(Math.min(Math.max(to, 0), runs.length - 1));
  } else return;
  event.preventDefault();
}

function focusRun(place) {
  const all = [...document.querySelectorAll(".dot")];
  all.forEach((dot, k) => dot.setAttribute("tabindex", k === place ? 0 : -1));
  all[place].focus();
}

function showTip(run, dot) {
  const tip = byId("tip");
  const figure = tip.parentElement.getBoundingClientRect();
  const box = dot.getBoundingClientRect();
  tip.textContent = sayRun(run);
  tip.hidden = false;
  const left = Math.min(Math.max(box.left - figure.left - 40, 0), Math.max(figure.width - tip.offsetWidth, 0));
  tip.style.left = `${left}px`;
  tip.style.top = `${box.bottom - figure.top + 8}px`;
}

const hideTip = () => { byId("tip").hidden = true; };

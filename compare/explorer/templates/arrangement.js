// Arrangement: the feature vectors as they stand, moved smoothly from one to the next; and their overlaps.

const view = { shown: null, target: null, learned: null, frame: 0 };
const REACH = 108;
const MOVE = 420;
const still = matchMedia("(prefers-reduced-motion: reduce)");

// Columns of W as points in space; rows that a smaller space lacks are zero.
function vectors(units, count, hidden) {
  return Array.from({ length: count }, (_, i) => [0, 1, 2].map((a) => (a < hidden ? units[a * count + i] * UNIT : 0)));
}

function target() {
  const { count, hidden } = here();
  const branch = drawnBranch();
  return { branch, hidden, at: vectors(branch.W[position.point], count, hidden), factor: branch.factor[position.point],
    color: colorOf(branch.geometry) };
}

// Only positions are interpolated on the way; every number on the page is of a position that was computed.
function drawArrangement() {
  view.target = target();
  const { count, hidden } = here();
  view.learned = position.run ? vectors(position.run.W, count, hidden) : null;
  describe();
  cancelAnimationFrame(view.frame);
  const from = view.shown && !still.matches ? view.shown : null;
  if (!from) return paint(view.target.at);
  const began = performance.now();
  const start = view.target.at.map((_, i) => from[i] ?? [0, 0, 0]);
  const step = (now) => {
    const share = Math.min((now - began) / MOVE, 1);
    const eased = share * share * (3 - 2 * share);
    paint(view.target.at.map((goal, i) => goal.map((value, a) => start[i][a] + eased * (value - start[i][a]))));
    if (share < 1) view.frame = requestAnimationFrame(step);
  };
  view.frame = requestAnimationFrame(step);
}

function projected([x, y, z], row, rows) {
  if (view.target.hidden === 1) return [x, 0.75 * (row - (rows - 1) / 2) / Math.max(rows, 2), 0];
  if (view.target.hidden === 2) return [x, y, 0];
  const turn = (Number(byId("turn").value) * Math.PI) / 180;
  const tilt = (Number(byId("tilt").value) * Math.PI) / 180;
  const [across3, deep] = [Math.cos(turn) * x + Math.sin(turn) * z, Math.cos(turn) * z - Math.sin(turn) * x];
  return [across3, Math.cos(tilt) * y - Math.sin(tilt) * deep, Math.sin(tilt) * y + Math.cos(tilt) * deep];
}

// A colour for each factor: the geometry's own, then lighter, then darker.
function tint(color, place) {
  const mix = [null, "white 45%", "black 35%"][place % 3];
  return mix && !color.startsWith("var") ? `color-mix(in srgb, ${color}, ${mix})` : color;
}

function paint(at) {
  view.shown = at;
  const rows = at.length;
  const tips = at.map((vector, i) => projected(vector, i, rows).map((value) => value * REACH));
  const group = svg("g", { transform: "scale(1 -1)" });
  group.append(guide());
  group.append(...edges(at, tips));
  const order = tips.map((_, i) => i).sort((one, other) => tips[one][2] - tips[other][2]);
  for (const i of order) group.append(stick(tips, i));
  const learned = (view.learned ?? []).map((vector, i) => projected(vector, i, rows).map((value) => value * REACH));
  learned.forEach(([x, y], i) => group.append(svg("line", { x1: 0, y1: root(i, rows), x2: x, y2: y, stroke: "var(--ink)", "stroke-width": 1.4, "stroke-dasharray": "4 3" }),
    svg("circle", { cx: x, cy: y, r: 3.4, fill: "var(--paper)", stroke: "var(--ink)", "stroke-width": 1.4 })));
  byId("arrangement").replaceChildren(group, ...numbers(tips));
}

const root = (i, rows) => (view.target.hidden === 1 ? (0.75 * REACH * (i - (rows - 1) / 2)) / Math.max(rows, 2) : 0);

function guide() {
  if (view.target.hidden === 1) return svg("line", { class: "grid", x1: -REACH, x2: REACH, y1: 0, y2: 0 });
  return svg("circle", { r: REACH, fill: "none", class: "grid" });
}

// Edges of each factor: the pairs of its vertices that overlap most.
function edges(at, tips) {
  const { factor, color, hidden } = view.target;
  const overlap = (i, j) => at[i].reduce((sum, value, a) => sum + value * at[j][a], 0);
  const pairs = at.flatMap((_, i) => at.slice(0, i).map((__, j) => [i, j])).filter(([i, j]) => factor[i] >= 0 && factor[i] === factor[j]);
  const most = new Map();
  for (const [i, j] of pairs) most.set(factor[i], Math.max(most.get(factor[i]) ?? -Infinity, overlap(i, j)));
  const size = new Map();
  for (const f of factor) size.set(f, (size.get(f) ?? 0) + 1);
  return pairs.filter(([i, j]) => hidden > 1 && size.get(factor[i]) > 2 && overlap(i, j) > most.get(factor[i]) - 0.25 * (Math.abs(most.get(factor[i])) + 0.1))
    .map(([i, j]) => svg("line", { x1: tips[i][0], y1: tips[i][1], x2: tips[j][0], y2: tips[j][1], stroke: tint(color, factor[i]), "stroke-width": 1, opacity: 0.4 }));
}

function stick(tips, i) {
  const [x, y, deep] = tips[i];
  const { factor, color } = view.target;
  const dropped = factor[i] < 0;
  const shade = dropped ? "var(--muted)" : tint(color, factor[i]);
  const group = svg("g", { opacity: view.target.hidden < 3 ? 1 : 0.7 + 0.3 * Math.max(-1, Math.min(1, deep / REACH)) });
  const from = root(i, tips.length);
  group.append(svg("line", { x1: 0, y1: from, x2: x, y2: y, stroke: shade, "stroke-width": 3.4, "stroke-linecap": "round" }));
  group.append(svg("circle", { cx: x, cy: y, r: dropped ? 4.5 : 6, fill: dropped ? "var(--paper)" : shade, stroke: dropped ? shade : "var(--paper)", "stroke-width": 1.5 }));
  return group;
}

// Numbers of the features beyond the tips; those that end at one place share a label.
function numbers(tips) {
  const left = tips.map((_, i) => i);
  const made = [];
  while (left.length) {
    const [x, y] = tips[left[0]];
    const together = left.filter((i) => Math.hypot(tips[i][0] - x, tips[i][1] - y) < 9);
    for (const i of together) left.splice(left.indexOf(i), 1);
    const long = Math.hypot(x, y);
    const flat = view.target.hidden === 1;
    const [ux, uy] = flat ? [x < 0 ? -1 : 1, 0] : long > 9 ? [x / long, y / long] : [0.72, -0.72];
    const beyond = 14 + 3 * Math.max(0, together.length - 1);
    made.push(svg("text", { class: "halo", x: x + beyond * ux, y: -(y + beyond * uy) + 4.5, "text-anchor": "middle", "font-size": 13 }, together.join(", ")));
  }
  return made;
}

function describe() {
  const { branch, hidden } = view.target;
  const { count } = here();
  const spread = `${count} features in ${hidden} ${hidden === 1 ? "dimension" : "dimensions"}`;
  byId("turning").hidden = hidden < 3;
  byId("arrangement").classList.toggle("turnable", hidden === 3);
  const lengths = view.target.at.map((vector) => brief(Math.hypot(...vector), 2)).join(", ");
  byId("arrangement").setAttribute("aria-label",
    `${branch.geometry}: ${spread}, vectors of length ${lengths}${position.run ? "; a learned run is laid over it, dashed" : ""}`);
  const name = element("b", {}, branch.geometry);
  const words = position.run
    ? `Dashed: the learned run (${position.run.geometry}, ${position.run.verdict}), turned onto it.`
    : branch === lowest() ? "The lowest of the candidates. Colours tell its orthogonal factors; rings are dropped features."
      : "Not the lowest here. Colours tell its orthogonal factors; rings are dropped features.";
  byId("arrangement-caption").replaceChildren(name, document.createTextNode(words));
  drawOverlaps();
}

// Overlaps as a table, factor by factor: blue for interference that is negative, orange for positive.
function drawOverlaps() {
  const { at, factor, branch } = view.target;
  const last = (i) => (factor[i] < 0 ? Infinity : factor[i]);
  const order = at.map((_, i) => i).sort((one, other) => last(one) - last(other) || one - other);
  const table = byId("overlaps");
  const head = element("tr");
  head.append(element("td"), ...order.map((i) => element("th", { scope: "col" }, String(i))), element("th", { scope: "col" }, "b"));
  const body = order.map((i) => {
    const row = element("tr");
    row.append(element("th", { scope: "row" }, String(i)));
    for (const j of order) {
      const value = at[i].reduce((sum, one, a) => sum + one * at[j][a], 0);
      const cell = element("td", { class: "cell" }, value.toFixed(2).replace("-0.00", "0.00").replace("-", "−"));
      const color = value < 0 ? "#0072b2" : "#d55e00";
      cell.style.background = `color-mix(in srgb, ${color} ${Math.round(Math.min(Math.abs(value), 1.2) * 58)}%, transparent)`;
      if (Math.abs(value) < 0.005) cell.style.color = "var(--muted)";
      row.append(cell);
    }
    row.append(element("td", { class: "bias" }, (branch.b[position.point][i] * UNIT).toFixed(2).replace("-0.00", "0.00").replace("-", "−")));
    return row;
  });
  const parts = [element("thead"), element("tbody")];
  parts[0].append(head);
  parts[1].append(...body);
  table.replaceChildren(table.caption, ...parts);
}

function turnable() {
  const drawing = byId("arrangement");
  const redraw = () => view.shown && paint(view.shown);
  for (const id of ["turn", "tilt"]) byId(id).addEventListener("input", redraw);
  let last = null;
  drawing.addEventListener("pointerdown", (event) => {
    if (view.target.hidden !== 3) return;
    last = [event.clientX, event.clientY];
    drawing.setPointerCapture(event.pointerId);
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!last) return;
    byId("turn").value = ((Number(byId("turn").value) + event.clientX - last[0] + 540) % 360) - 180;
    byId("tilt").value = Number(byId("tilt").value) + (event.clientY - last[1]) / 2;
    last = [event.clientX, event.clientY];
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => { last = null; });
}

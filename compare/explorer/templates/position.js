// Position: what the sliders say, and the data that was computed for it.

const DATA = JSON.parse(document.getElementById("data").textContent);
const UNIT = 10 ** -DATA.decimals;
const SLIDERS = ["density", "ratio", "l1", "count", "hidden"];
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// All there is to know about where the page stands; every view is drawn from it.
const position = { point: 0, panel: 0, chosen: null, run: null };

const here = () => DATA.panels[position.panel];
const density = () => DATA.densities[position.point];
const runsHere = () => DATA.runs.filter((run) => run.panel === position.panel);

// The branches that exist at the present density, lowest first.
function ranked() {
  const exists = here().branches.filter((branch) => branch.loss[position.point] !== null);
  return exists.sort((one, other) => one.loss[position.point] - other.loss[position.point]);
}

const lowest = () => here().branches[here().best[position.point]];
const drawnBranch = () => ranked().find((branch) => branch.geometry === position.chosen) ?? lowest();

// Values of a slider that go with those of the sliders before it: not every shape has every λ.
function choices(key) {
  if (key === "density") return DATA.densities;
  const before = ["count", "hidden", "ratio", "l1"];
  const fixed = before.slice(0, before.indexOf(key));
  const alike = DATA.panels.filter((panel) => fixed.every((name) => panel[name] === here()[name]));
  return [...new Set(alike.map((panel) => panel[key]))].sort((one, other) => one - other);
}

const valueOf = (key) => (key === "density" ? density() : here()[key]);

// Move one slider; the others stay where they are, or go to the nearest value that there is.
function move(key, place) {
  position.run = null;
  if (key === "density") {
    position.point = place;
    return;
  }
  const wanted = { ...here(), [key]: choices(key)[place] };
  const apart = (panel, name) => Math.abs(panel[name] - wanted[name]) * (name === key ? 1e6 : 1);
  const distance = (panel) => ["count", "hidden", "ratio", "l1"].reduce((sum, name) => sum + apart(panel, name), 0);
  const distances = DATA.panels.map(distance);
  position.panel = distances.indexOf(Math.min(...distances));
  position.chosen = null;
}

// Numbers as people read them; the tables show as many digits as are known.
function brief(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power < -4 || power >= 6) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const raised = [...String(Number(exponent))].map((sign) => SUPERSCRIPT[sign]).join("");
    return `${mantissa}×10${raised}`.replace("-", "−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

// A loss with the digits that its error bound leaves, twelve at most.
function exact(loss, error) {
  if (loss === null) return "–";
  if (Math.abs(loss) <= error) return "0";
  const digits = error > 0 ? Math.floor(Math.log10(Math.abs(loss) / error)) : 12;
  return loss.toPrecision(Math.min(Math.max(digits, 1), 12)).replace("-", "−");
}

// How far one loss lies above another, where that can be told.
const above = (loss, other, error) => (Math.abs(other) <= error ? null : loss / other - 1);
const percent = (share) => (share === null ? "–" : `${brief(100 * share, 3)} %`);
const kind = (branch) => (branch.stable[position.point] ? "local minimum" : "not a minimum");
const lookOf = (geometry) => DATA.looks[geometry] ?? null;
const colorOf = (geometry) => lookOf(geometry)?.color ?? "var(--ghost)";

// An element with attributes and text; text is never read as markup.
function element(name, attributes = {}, text = null, space = null) {
  const made = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

const svg = (name, attributes = {}, text = null) => element(name, attributes, text, "http://www.w3.org/2000/svg");
const byId = (id) => document.getElementById(id);

// Shapes of the markers, drawn around the origin, of about equal area.
const MARKERS = {
  o: "M4,0A4,4 0 1 1 -4,0A4,4 0 1 1 4,0Z",
  s: "M-3.5,-3.5H3.5V3.5H-3.5Z",
  D: "M0,-5L5,0L0,5L-5,0Z",
  "^": "M0,-4.8L4.6,3.6H-4.6Z",
  v: "M0,4.8L4.6,-3.6H-4.6Z",
  P: "M-1.6,-4.6H1.6V-1.6H4.6V1.6H1.6V4.6H-1.6V1.6H-4.6V-1.6H-1.6Z",
  X: "M-4.4,-2.4L-2.4,-4.4L0,-2L2.4,-4.4L4.4,-2.4L2,0L4.4,2.4L2.4,4.4L0,2L-2.4,4.4L-4.4,2.4L-2,0Z",
};

function marker(look, size = 1) {
  return svg("path", { d: MARKERS[look?.marker ?? "o"], fill: look?.color ?? "var(--ghost)", transform: `scale(${size})` });
}

function swatch(geometry) {
  const box = svg("svg", { viewBox: "-5 -5 10 10", class: "swatch", "aria-hidden": "true" });
  box.append(marker(lookOf(geometry)));
  return box;
}

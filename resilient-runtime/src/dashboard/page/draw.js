"use strict";
// Elements and small charts. Text is only ever set as text: names and keys come from elsewhere.

const el = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

const svg = (tag, props) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  return node;
};

const SPAN = 120; // Seconds that a chart shows.

/** What became of the calls, one area over the other. */
const RATES = ["ok", "replaced", "refused", "failed"];
const TIMES = ["p99", "p50"];

const highest = (rows) => rows.reduce((most, row) => Math.max(most, row), 0);

const chart = (kinds, label) => {
  const node = svg("svg", { class: "chart", viewBox: `0 0 ${SPAN} 100`, preserveAspectRatio: "none", role: "img" });
  node.setAttribute("aria-label", label);
  const paths = {};
  for (const kind of kinds) node.append((paths[kind] = svg("path", { class: kind })));
  return { node, paths };
};

/** A second of which nothing was told had no calls. */
const everySecond = (points, at) => {
  const slots = Array.from({ length: SPAN }, (_, i) => ({ at: at - SPAN + 1 + i, ok: 0, replaced: 0, refused: 0, failed: 0, p50: null }));
  for (const point of points) {
    const slot = point.at - slots[0].at;
    if (slot >= 0 && slot < SPAN) slots[slot] = point;
  }
  return slots;
};

const drawRates = (paths, points, at) => {
  const shown = everySecond(points, at);
  const top = highest(shown.map((point) => point.ok + point.replaced + point.refused + point.failed));
  const below = shown.map(() => 0);
  for (const kind of RATES) {
    const x = (point) => SPAN - (at - point.at) - 1;
    const y = (value) => (top === 0 ? 100 : 100 - (94 * value) / top).toFixed(1);
    const down = shown.map((point, i) => `${x(point)} ${y(below[i])}`).reverse();
    shown.forEach((point, i) => (below[i] += point[kind]));
    const up = shown.map((point, i) => `${x(point)} ${y(below[i])}`);
    const some = shown.some((point) => point[kind] > 0);
    paths[kind].setAttribute("d", some ? `M${up.join("L")}L${down.join("L")}Z` : "");
  }
  return top;
};

const drawTimes = (paths, points, at) => {
  const shown = points.filter((point) => point.at > at - SPAN && point.p50 !== null);
  const top = highest(shown.map((point) => point.p99));
  for (const kind of TIMES) {
    const spots = shown.map((point) => {
      const y = top === 0 ? 100 : 100 - (94 * point[kind]) / top;
      return [SPAN - (at - point.at) - 1, y.toFixed(1), point.at];
    });
    // A second without a call breaks the line; a single one is a short dash.
    const line = spots.map(([x, y, when], i) => {
      const joined = i > 0 && spots[i - 1][2] === when - 1;
      return joined ? `L${x} ${y}` : `M${x - 0.5} ${y}L${x} ${y}`;
    });
    paths[kind].setAttribute("d", line.join(""));
  }
  return top;
};

const number = (value) => {
  if (value >= 1e7) return `${(value / 1e6).toFixed(value >= 1e8 ? 0 : 1)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(value >= 1e5 ? 0 : 1)}k`;
  return value >= 10 || Number.isInteger(value) ? `${Math.round(value)}` : value.toFixed(1);
};

const millis = (value) => {
  if (value === null || value === undefined) return "–";
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 10) return `${Math.round(value)} ms`;
  return value >= 1 ? `${value.toFixed(1)} ms` : `${Math.round(value * 1000)} µs`;
};

const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

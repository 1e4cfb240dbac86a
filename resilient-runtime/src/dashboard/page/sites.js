// The list of functions: a row each, opened to its stack.

const sites = new Map(); // By name, as the server tells of them.
const rows = new Map();

const SPELL = 10;

/** The last seconds as one, so that a row does not flicker. */
const recent = (site, now) => {
  const points = site.history.filter((point) => point.at > now - SPELL);
  const sum = (kind) => points.reduce((total, point) => total + point[kind], 0);
  const [ok, failed, refused, replaced] = ["ok", "failed", "refused", "replaced"].map(sum);
  const calls = ok + failed + refused + replaced;
  return { rate: calls / SPELL, bad: calls === 0 ? 0 : (failed + refused + replaced) / calls, calls, refused };
};

const breakers = (site) => site.layers.filter((layer) => layer.kind === "circuit_breaker");

const statusOf = (site, last) => {
  if (site.layers.some((layer) => !layer.enabled)) return ["off", "layer off"];
  const states = breakers(site).filter((layer) => layer.state);
  if (states.some((layer) => layer.state.mode !== "automatic")) return ["forced", "forced"];
  if (states.some((layer) => layer.state.state === "open")) return ["open", "open"];
  if (states.some((layer) => layer.state.state === "half-open")) return ["half-open", "half-open"];
  const keyed = breakers(site).reduce((open, layer) => open + (layer.keys ? layer.keys.busy : 0), 0);
  if (keyed > 0) return ["half-open", `${keyed} keys open`];
  if (last.bad >= 0.05) return ["failing", percent(last.bad) + " failing"];
  return last.calls > 0 ? ["fine", "ok"] : ["idle", "idle"];
};

const TROUBLE = ["open", "half-open", "failing", "forced", "off", "fine", "idle"];

const split = (name) => {
  const at = name.lastIndexOf("::");
  return at < 0 ? ["", name] : [name.slice(0, at + 2), name.slice(at + 2)];
};

/** Of hundreds of rows only those are drawn that can be seen, or nearly. */
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    rows.get(target.dataset.name).visible = isIntersecting;
    if (isIntersecting) drawRow(sites.get(target.dataset.name), clock);
  }
}, { rootMargin: "300px" });

const makeRow = (site) => {
  const [path, last] = split(site.name);
  const parts = {
    stack: el("div", { class: "stack" }),
    status: el("span", { class: "status" }),
    rates: chart(RATES, "calls a second over two minutes"),
    times: chart(TIMES, "latency over two minutes"),
    rate: el("b"), bad: el("span"), p50: el("span"), p99: el("b"),
    detail: el("div", { class: "detail", hidden: true }),
  };
  parts.detail.id = `site-${site.id}`;
  parts.head = el("button", { class: "head", type: "button", "aria-expanded": "false", "aria-controls": parts.detail.id,
      onclick: () => toggle(site.name) },
    el("div", { class: "who" }, el("span", { class: "name" }, el("span", { class: "path" }, path), last), parts.stack),
    parts.status,
    el("div", {}, parts.rates.node, el("div", { class: "caption" }, el("span", {}, parts.rate, " /s"), parts.bad)),
    el("div", {}, parts.times.node, el("div", { class: "caption" }, parts.p50, el("span", {}, "p99 ", parts.p99))));
  parts.node = el("li", { class: "site", "data-name": site.name }, parts.head, parts.detail);
  watcher.observe(parts.node);
  return parts;
};

const drawStack = (stack, site) => {
  const pills = site.layers.map((layer) => {
    const state = layer.state && layer.kind === "circuit_breaker" ? layer.state.state : "";
    return el("span", { class: `pill ${layer.enabled ? "" : "off"} ${state === "closed" ? "" : state}` },
      state && state !== "closed" ? `${layer.name} ${state}` : layer.name);
  });
  stack.replaceChildren(...pills);
};

const drawRow = (site, now) => {
  let row = rows.get(site.name);
  if (!row) rows.set(site.name, (row = makeRow(site)));
  const last = recent(site, now);
  const [status, says] = statusOf(site, last);
  site.shown = { last, status };
  row.node.dataset.status = status;
  if (!row.visible) return;
  row.status.textContent = says;
  drawRates(row.rates.paths, site.history, now);
  drawTimes(row.times.paths, site.history, now);
  row.rate.textContent = number(last.rate);
  row.bad.textContent = last.calls > 0 && last.bad > 0 ? `${percent(last.bad)} failing` : "";
  row.p50.textContent = `p50 ${millis(site.p50)}`;
  row.p99.textContent = millis(site.p99);
  drawStack(row.stack, site);
  if (!row.detail.hidden) drawDetail(row.detail, site, now);
};

const toggle = (name, open) => {
  const row = rows.get(name);
  row.detail.hidden = open === undefined ? !row.detail.hidden : !open;
  row.head.setAttribute("aria-expanded", String(!row.detail.hidden));
  if (!row.detail.hidden) drawDetail(row.detail, sites.get(name), clock);
};

const matches = (site, words) => {
  const text = [site.name, site.file, ...site.layers.map((layer) => layer.name)].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
};

const ORDERS = {
  trouble: (a, b) => TROUBLE.indexOf(a.shown.status) - TROUBLE.indexOf(b.shown.status) || b.shown.last.rate - a.shown.last.rate,
  rate: (a, b) => b.shown.last.rate - a.shown.last.rate,
  errors: (a, b) => b.shown.last.bad - a.shown.last.bad,
  latency: (a, b) => (b.p99 ?? -1) - (a.p99 ?? -1),
  name: () => 0,
};

/** Sorts and filters. Under a pointer, or with the focus inside, rows keep their places while numbers move. */
const arrange = (asked) => {
  const list = document.getElementById("sites");
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const active = document.getElementById("active").checked;
  const order = ORDERS[document.getElementById("sort").value];
  const wanted = [...sites.values()]
    .filter((site) => matches(site, words) && (!active || site.shown.last.calls > 0))
    .sort((a, b) => order(a, b) || a.id - b.id);
  const busy = list.contains(document.activeElement) || list.matches(":hover");
  const nodes = wanted.map((site) => rows.get(site.name).node);
  const same = nodes.length === list.children.length && nodes.every((node) => node.parentNode === list);
  if (asked || !(busy && same)) {
    const focused = document.activeElement;
    nodes.forEach((node, i) => list.children[i] !== node && list.insertBefore(node, list.children[i] ?? null));
    while (list.children.length > nodes.length) list.lastChild.remove();
    if (list.contains(focused) && document.activeElement !== focused) focused.focus();
  }
  document.getElementById("none").hidden = wanted.length > 0 || sites.size === 0;
  document.getElementById("shown").textContent = wanted.length === sites.size
    ? `${sites.size} functions` : `${wanted.length} of ${sites.size} functions`;
};

// One function: its stack, outermost to innermost, each layer inside the one before.

let mayAct = false;

const bar = (share, bad) => {
  const filled = el("i");
  filled.style.width = `${Math.min(100, Math.round(share * 100))}%`;
  return el("span", { class: bad ? "bar bad" : "bar" }, filled);
};

const STANDINGS = {
  circuit_breaker: (state) => [
    el("b", {}, state.state), state.mode === "automatic" ? null : ` (${state.mode})`,
    state.open_for_ms === null ? null : ` for another ${millis(state.open_for_ms)}`,
    state.calls > 0 ? [" · ", bar(state.failures / state.calls, true), ` ${state.failures} of ${state.calls} failed`] : null,
    state.slow > 0 ? ` · ${state.slow} slow` : null,
    state.consecutive > 0 ? ` · ${state.consecutive} failures in a row` : null,
  ],
  rate_limit: (state) => [el("b", {}, number(state.available)), " permits left", state.waiting > 0 ? ` · ${state.waiting} wait` : null],
  places: (state) => [bar(state.limit === 0 ? 0 : state.in_use / state.limit), " ", el("b", {}, `${state.in_use}`), ` of ${state.limit} places`,
    state.waiting > 0 ? ` · ${state.waiting} wait` : null],
  budget: (state) => [bar(state.capacity === 0 ? 0 : state.tokens / state.capacity), " ", el("b", {}, number(state.tokens)),
    ` of ${state.capacity} retries in the budget`],
  hedge: (state) => [state.delay_ms === null ? "too few calls measured" : ["after ", el("b", {}, millis(state.delay_ms))]],
};

const standing = (state) => (state ? STANDINGS[state.is](state).flat(2).filter((part) => part !== null) : []);

const valueOf = (site, path, setting) => (mayAct
  ? el("button", { class: "num value", type: "button", "data-key": `set ${setting.knob} of ${path}`,
      onclick: () => askForValue(site, path, setting) }, setting.value ?? "–", el("span", { class: "unseen" }, `: set ${setting.knob} of ${path}`))
  : el("span", { class: "num" }, setting.value ?? "–"));

const settingsOf = (site, path, settings) => el("div", { class: "settings" }, ...settings.map((setting) =>
  el("div", {},
    el("span", {}, setting.knob), valueOf(site, path, setting),
    setting.origin === "code" ? null : el("span", { class: `from ${setting.origin}`, title: "where the value came from" }, setting.origin),
    mayAct && setting.origin === "handle" && el("button", { class: "set", type: "button", "aria-label": `take back ${setting.knob} of ${path}`, "data-key": `take back ${setting.knob} of ${path}`,
      onclick: () => perform({ site: site.name, layer: path, action: "unset", knob: setting.knob }) }, "take back"))));

const countsOf = (counts) => el("div", { class: "counted" }, ...Object.entries(counts).map(([what, count]) =>
  el("span", { class: /refused|exhausted|spent|timed out|opened|withheld/.test(what) ? "why" : "" }, `${what} `, el("b", {}, number(count)))));

const pathOf = (layer) => (layer.kind === "retry" ? `${layer.name}.budget` : layer.name);

const ownOf = (site, layer, one) => one.own.map((setting) => el("span", { class: "own" },
  `${setting.knob} `, el("span", { class: "num" }, setting.value ?? "–"), " ", el("span", { class: `from ${setting.origin}` }, setting.origin),
  mayAct && setting.origin === "handle" && el("button", { class: "set", type: "button", "aria-label": `take back ${setting.knob} of ${one.key}`, "data-key": `take back ${setting.knob} of ${layer.name} ${one.key}`,
    onclick: () => perform({ site: site.name, layer: pathOf(layer), key: one.key, action: "unset", knob: setting.knob }) }, "take back")));

const keyOf = (site, layer, one) => el("tr", {},
  el("td", { class: "num" }, one.key ?? "(cannot be shown)"),
  el("td", {}, ...standing(one.state)), el("td", {}, one.busy ? "busy" : "idle"),
  el("td", {}, ...ownOf(site, layer, one)),
  el("td", {}, mayAct && one.key !== null && el("span", { class: "acts" },
    ...breakerActs(site, { ...layer, state: one.state }, one.key),
    el("button", { type: "button", class: "set", "aria-label": `set a knob of ${one.key} alone`, "data-key": `set ${layer.name} ${one.key}`, onclick: () => askForOwn(site, pathOf(layer), one.key) }, "set"))));

const keysOf = (site, layer) => {
  const { count, list } = layer.keys;
  return el("div", { class: "keys" }, el("table", {},
    el("thead", {}, el("tr", {}, ...["key", "state", "use", "of its own", "actions"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...list.map((one) => keyOf(site, layer, one)))),
    count > list.length ? el("p", { class: "caption" }, `and ${count - list.length} more keys`) : null);
};

const actButton = (site, layer, key, label, action, danger, warning) => {
  const whose = key === null ? `${layer.name} of ${site.name}` : `${layer.name} of ${site.name} for ${key}`;
  const what = { site: site.name, layer: layer.name, action, ...(key === null ? {} : { key }) };
  return el("button", { type: "button", class: danger ? "danger" : "", "data-action": action, "aria-label": `${label}: ${whose}`, "data-key": `${label}: ${whose}`,
    onclick: () => askFirst(`${label}: ${whose}?`, warning, what) }, label);
};

const breakerActs = (site, layer, key) => {
  if (layer.kind !== "circuit_breaker" || !layer.state) return [];
  const reset = actButton(site, layer, key, "reset", "reset", false, "It closes, and what it counted is gone.");
  if (layer.state.mode !== "automatic") return [reset];
  return [actButton(site, layer, key, "force open", "force_open", true, "Every call is refused until it is reset."), reset];
};

const actsOf = (site, layer) => {
  const acts = breakerActs(site, layer, null);
  if (layer.enabled_by === "handle") acts.push(actButton(site, layer, null, "take back the switch", "release", false, "It goes by the code and the configuration again."));
  acts.push(layer.enabled
    ? actButton(site, layer, null, "switch off", "disable", true, "The layer takes no part in calls until it is switched on again.")
    : actButton(site, layer, null, "switch on", "enable", false, ""));
  return el("span", { class: "acts" }, ...acts);
};

const drawLayer = (site, layers, at) => {
  const layer = layers[at];
  if (!layer) {
    return el("div", { class: "body" }, el("code", {}, `${split(site.name)[1]}(..)`), ` ${site.file}:${site.line}`);
  }
  const parts = [el("h3", {}, el("span", { class: "kind" }, layer.name),
    layer.enabled && layer.enabled_by === "code" ? null
      : el("span", { class: `from ${layer.enabled_by}` }, `switched ${layer.enabled ? "on" : "off"} by ${layer.enabled_by}`),
    el("span", { class: "standing" }, ...standing(layer.state),
      layer.shared ? "a state that several share" : null, layer.keys ? `${layer.keys.count} keys` : null),
    mayAct && actsOf(site, layer))];
  if (layer.settings.length > 0) parts.push(settingsOf(site, layer.name, layer.settings));
  if (layer.budget) {
    const budget = settingsOf(site, `${layer.name}.budget`, layer.budget);
    budget.prepend(el("span", { class: "of" }, "budget"));
    parts.push(budget);
  }
  if (Object.keys(layer.counts).length > 0) parts.push(countsOf(layer.counts));
  if (layer.keys && layer.keys.list.length > 0) parts.push(keysOf(site, layer));
  return el("div", { class: layer.enabled ? "layer" : "layer off", "data-layer": layer.name }, ...parts, drawLayer(site, layers, at + 1));
};

const legend = (kinds) => el("div", { class: "legend" }, ...kinds.map(([kind, label]) =>
  el("span", { class: kind }, el("i"), label)));

/** What stands where `focused` stood, or the head of its function: what had the focus may have been drawn anew. */
const standIn = (focused, site) => {
  const key = focused.dataset.key;
  const same = key && [...site.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  return same || site.querySelector(".head");
};

/** Draws anew, and gives the focus back to what had it. */
const redraw = (node, content) => {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  node.replaceChildren(content);
  if (focused) standIn(focused, node.closest(".site")).focus({ preventScroll: true });
};

const drawDetail = (detail, site, now) => {
  let charts = detail.charts;
  if (!charts) {
    charts = { rates: chart(RATES, "calls a second"), times: chart(TIMES, "latency"), top: el("b"), slow: el("b"), calls: el("span"), layers: el("div") };
    detail.charts = charts;
    detail.append(
      el("div", { class: "big" },
        el("div", {}, el("div", { class: "caption" }, el("span", {}, "calls a second, at most ", charts.top), charts.calls), charts.rates.node,
          legend([["ok", "ok"], ["replaced", "by fallback"], ["refused", "refused"], ["failed", "failed"]])),
        el("div", {}, el("div", { class: "caption" }, el("span", {}, "latency, at most ", charts.slow), el("span", {}, "two minutes")), charts.times.node,
          legend([["p50", "p50"], ["p99", "p99"]]))),
      charts.layers);
  }
  charts.top.textContent = number(drawRates(charts.rates.paths, site.history, now));
  charts.slow.textContent = millis(drawTimes(charts.times.paths, site.history, now));
  charts.calls.textContent = `${site.in_flight} in flight · ${number(site.calls)} in all`;
  const same = JSON.stringify(site.layers);
  if (charts.same === same && charts.acted === mayAct) return;
  // A button that is pressed at this moment is left alone.
  if (charts.layers.querySelector("button:active")) return;
  charts.same = same;
  charts.acted = mayAct;
  redraw(charts.layers, drawLayer(site, site.layers, 0));
};

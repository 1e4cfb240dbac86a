// What the server tells, and what it is asked to do.

let clock = 0;
const $ = (id) => document.getElementById(id);
// The page may be mounted anywhere.
const here = location.pathname.replace(/\/?$/, "/");

const takeSite = (told) => {
  const known = sites.get(told.name);
  const history = told.history ?? known?.history ?? [];
  // What was told with everything may be told once more.
  if (told.point && history.at(-1)?.at !== told.point.at) history.push(told.point);
  if (history.length > SPAN) history.splice(0, history.length - SPAN);
  sites.set(told.name, { ...known, ...told, history });
};

const LOUD = new Set(["warn"]);

const takeEvents = (events) => {
  for (const event of events) {
    const when = new Date(event.at);
    const item = el("li", {}, el("time", { datetime: when.toISOString() }, when.toTimeString().slice(0, 8)),
      el("span", { class: LOUD.has(event.level) ? "warn" : event.level }, event.text),
      event.more > 0 ? ` (and ${event.more} more)` : null, " ",
      el("span", { class: "path" }, event.key ? `${event.site} [${event.key}]` : event.site));
    $("events").prepend(item);
  }
  while ($("events").children.length > 200) $("events").lastChild.remove();
};

const drawTotals = (told) => {
  const all = [...sites.values()];
  const rate = all.reduce((sum, site) => sum + site.shown.last.rate, 0);
  const open = all.filter((site) => site.shown.status === "open").length;
  const failing = all.filter((site) => ["half-open", "failing"].includes(site.shown.status)).length;
  const part = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
  $("totals").replaceChildren(part("calls /s", number(rate)), part("open", `${open}`), part("in trouble", `${failing}`));
  drawSwitch(told);
};

const drawSwitch = (told) => {
  const same = `${told.enabled} ${told.enabled_by} ${mayAct}`;
  if ($("switch").dataset.same === same) return;
  $("switch").dataset.same = same;
  const say = told.enabled
    ? told.enabled_by !== "code" && el("span", { class: `from ${told.enabled_by}` }, `all on by ${told.enabled_by}`)
    : el("strong", { role: "alert" }, `Everything is switched off but the fallbacks (${told.enabled_by})`);
  const flip = told.enabled
    ? el("button", { type: "button", class: "danger", id: "all-off", onclick: () => askFirst("Switch every layer of every function off, but the fallbacks?",
        "For an emergency: calls go through as if there were no attributes. States and settings stay.", { action: "all_off" }) }, "switch all off")
    : el("button", { type: "button", id: "all-on", onclick: () => perform({ action: "all_on" }) }, "switch all on");
  const release = told.enabled_by === "handle"
    && el("button", { type: "button", id: "all-release", title: "go by the configuration again", onclick: () => perform({ action: "all_release" }) }, "take back");
  $("switch").replaceChildren(...[say, mayAct && release, mayAct && flip].filter(Boolean));
};

const take = (told) => {
  clock = told.at;
  mayAct = told.may_act ?? mayAct;
  told.sites.forEach(takeSite);
  for (const site of sites.values()) drawRow(site, clock);
  takeEvents(told.events);
  arrange(false);
  drawTotals(told);
};

const connect = () => {
  const source = new EventSource(`${here}events`);
  source.onopen = () => { $("link").textContent = "live"; $("link").className = "live"; };
  source.onerror = () => { $("link").textContent = "not connected, trying again"; $("link").className = "lost"; };
  // Whoever comes back is told everything anew.
  source.addEventListener("all", (message) => {
    $("events").replaceChildren();
    take(JSON.parse(message.data));
  });
  source.addEventListener("tick", (message) => take(JSON.parse(message.data)));
};

const act = async (what) => {
  const answer = await fetch(`${here}api/act`, {
    method: "POST", credentials: "same-origin",
    headers: { "content-type": "application/json", "x-resilient": "act" }, body: JSON.stringify(what),
  }).catch((error) => ({ ok: false, text: async () => String(error) }));
  return answer.ok ? null : (await answer.text()) || "refused";
};

/** At once; a refusal is told. */
const perform = async (what) => {
  const refused = await act(what);
  if (refused !== null) openDialog("That was refused.", "", null, null, refused);
};

let asked = null;
let giveFocusBack = () => {};
const openDialog = (what, warning, field, go, error = "") => {
  $("ask-what").textContent = what;
  $("ask-error").textContent = error;
  $("ask-yes").hidden = go === null;
  $("ask-label").hidden = field === null;
  if (field !== null) {
    $("ask-label").firstElementChild.textContent = field.knob;
    $("ask-value").value = field.value ?? "";
  }
  if (warning) $("ask-what").append(el("br"), el("small", {}, warning));
  asked = go;
  const asker = document.activeElement;
  const site = asker.closest(".site");
  giveFocusBack = () => site && !asker.isConnected && standIn(asker, site).focus({ preventScroll: true });
  $("ask").showModal();
  (field !== null ? $("ask-value") : go === null ? document.querySelector("#ask menu button") : $("ask-yes")).focus();
};

const askFirst = (what, warning, action) => openDialog(what, warning, null, () => act(action));
const askForValue = (site, path, setting) => openDialog(`${path} of ${site.name}`, "Written as in the attribute: 250ms, 0.5, fib.", setting,
  () => act({ site: site.name, layer: path, action: "set", knob: setting.knob, value: $("ask-value").value }));

/** One key's own: what is written is `knob = value`. */
const askForOwn = (site, path, key) => openDialog(`${path} of ${site.name}, for ${key} alone`, "A knob and its value, as in the attribute: per_second = 500.",
  { knob: "knob = value", value: "" }, () => {
    const [knob, value] = $("ask-value").value.split("=").map((part) => part.trim());
    return value ? act({ site: site.name, layer: path, key, action: "set", knob, value }) : Promise.resolve("write it as knob = value");
  });

const doIt = async () => {
  const refused = await asked();
  if (refused === null) $("ask").close();
  else $("ask-error").textContent = refused;
};
$("ask-yes").addEventListener("click", doIt);
// The browser gives the focus back to what had it, but that may have been drawn anew since.
$("ask").addEventListener("close", () => giveFocusBack());
$("ask-value").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  doIt();
});

for (const id of ["search", "sort", "active"]) $(id).addEventListener("input", () => arrange(true));
$("tools").addEventListener("submit", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea") || $("ask").open;
  if (event.key === "/" && !typing) {
    event.preventDefault();
    $("search").focus();
  } else if (event.key === "Escape" && event.target === $("search")) {
    $("search").value = "";
    arrange(true);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !$("ask").open && event.target.tagName !== "SELECT") {
    const heads = [...document.querySelectorAll("#sites .head")];
    const at = heads.indexOf(document.activeElement);
    if (at < 0 && document.activeElement !== document.body && document.activeElement !== $("search")) return;
    const next = heads[at < 0 ? 0 : at + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
});

connect();

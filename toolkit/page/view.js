// What a person sees. Labels come from a model file that nobody has vetted: they are set as text, never as markup.

const byId = (id) => document.getElementById(id);
const NOTHING = "–";
const SPEAK_EVERY_MS = 4000; // a screen reader is not to be talked over by every frame
const NEWS_MS = 5000; // without a new state for so long, the last one is not shown as if it were current

const SIGNALS = {
  live: ["live", "Live", ""],
  lost: ["bad", "Signal lost", "No picture from the source"],
  frozen: ["bad", "Picture frozen", "The source repeats one picture"],
  damaged: ["bad", "Picture damaged", "Pictures come torn or incomplete"],
  ended: ["idle", "Ended", "The source has come to its end"],
  waiting: ["waiting", "Waiting", "No picture has come yet"],
};

/** What to say about the signal: kind ("live", "bad", "idle", "waiting"), words and a detail. */
export function judge(state, { connected, ageMs, trouble, startedMs }) {
  if (!connected && startedMs < NEWS_MS && !state) return verdict("waiting", "Connecting", "");
  if (!connected) return verdict("bad", "No connection", trouble || "cnnkit does not answer; trying again");
  const silentMs = state.since_ms === null ? 0 : state.since_ms + ageMs;
  const [kind, words, detail] = SIGNALS[state.signal] ?? ["bad", "Unknown signal", ""];
  if (kind === "live" && silentMs > NEWS_MS) return verdict("bad", "Stalled", `Nothing new for ${seconds(silentMs / 1000)}`);
  if (kind === "live" && trouble) return verdict("bad", "No picture", trouble);
  const lasts = kind === "bad" ? `${detail} for ${seconds(state.signal_s + ageMs / 1000)}` : detail;
  return verdict(kind, words, lasts);
}

const verdict = (kind, words, detail) => ({ kind, words, detail });

/** The badge always tells the present, also while the rest is paused. */
export function showBadge({ kind, words }, source) {
  document.body.dataset.kind = kind;
  setText("badge-words", words);
  setText("source", source);
  document.title = kind === "live" ? `cnnkit – ${source}` : `${words} – cnnkit`;
}

/** The words over the picture, and the panel; only a live signal has a label. */
export function showAnswer({ kind, words, detail }, state) {
  byId("frame").dataset.kind = byId("panel").dataset.kind = kind;
  setText("notice-words", words);
  setText("notice-detail", detail);
  const current = kind === "live" ? state : null;
  const label = current ? (current.label ?? NOTHING) : words;
  setText("label", label);
  byId("label").title = label;
  byId("label").dataset.length = label.length > 24 ? "long" : label.length > 12 ? "medium" : "short";
  setText("confidence", percent(current?.confidence));
  showBars(current?.top ?? []);
  setText("inference", rate(current?.inference_hz));
  setText("capture", rate(current?.capture_hz));
  setText("age", number(current?.age_ms, 0, "ms"));
  setText("number", current?.frame ?? NOTHING);
}

/** Draws a JPEG. */
export async function showPicture(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = byId("picture");
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
  bitmap.close();
}

export const speak = (words) => setText("spoken", words);

const told = { kind: "", what: "", at: -Infinity };

/** Has a screen reader say a new label, not too often, and a change of the signal at once. */
export function speakAnswer({ kind, words }, state) {
  const what = (kind === "live" && state.label) || words;
  const now = performance.now();
  if (what === told.what || (kind === told.kind && now - told.at < SPEAK_EVERY_MS)) return;
  Object.assign(told, { kind, what, at: now });
  speak(what === words ? words : `${what}, ${Math.round(100 * (state.confidence ?? 0))} percent`);
}

/** One row a class; rows are kept, and hold their place when there is nothing to show. */
function showBars(top) {
  const list = byId("bars");
  while (list.children.length < top.length) list.append(makeBar());
  while (top.length && list.children.length > top.length) list.lastChild.remove();
  top.forEach(({ label, probability }, index) => {
    const [name, share, track] = list.children[index].children;
    if (name.textContent !== label) name.textContent = name.title = label;
    share.textContent = percent(probability);
    track.firstChild.style.transform = `scaleX(${Math.min(Math.max(probability ?? 0, 0), 1)})`;
  });
  if (!top.length) for (const row of list.children) clearBar(row);
}

function clearBar(row) {
  const [name, share, track] = row.children;
  name.textContent = name.title = share.textContent = NOTHING;
  track.firstChild.style.transform = "scaleX(0)";
}

function makeBar() {
  const row = document.createElement("li");
  for (const [tag, name] of [["span", "name"], ["span", "share"], ["div", "track"]]) {
    row.append(Object.assign(document.createElement(tag), { className: name }));
  }
  row.lastChild.append(Object.assign(document.createElement("div"), { className: "fill" }));
  row.lastChild.setAttribute("aria-hidden", "true");
  return row;
}

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== String(text)) element.textContent = text;
}

const percent = (value) => (value == null ? "" : `${(100 * value).toFixed(1)} %`);
const number = (value, digits, unit) => (value == null ? NOTHING : `${value.toFixed(digits)} ${unit}`);
const rate = (value) => number(value, 1, "frames/s");
const seconds = (value) => (value < 120 ? `${Math.floor(value)} s` : `${Math.floor(value / 60)} min`);

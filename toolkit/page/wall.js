// All cameras on one page: states of all of them in one stream, pictures fetched one by one, since browsers open
// few connections to one server. A camera's own page is a click away.

import { followStates } from "./connection.js";
import { judge } from "./view.js";

const PICTURE_EVERY_MS = 500; // of each camera that is seen

const byId = (id) => document.getElementById(id);
const started = performance.now();
const tiles = [];
let states = [];
let stateAt = 0;
let connected = false;

function tileOf(index) {
  while (tiles.length <= index) {
    const number = tiles.length + 1;
    const item = byId("tile").content.cloneNode(true).firstElementChild;
    const link = item.querySelector("a");
    link.href = `${number}/`;
    byId("wall").append(item);
    const find = (selector) => item.querySelector(selector);
    tiles.push({
      item,
      link,
      canvas: find("canvas"),
      label: find(".label"),
      confidence: find(".confidence"),
      who: find(".who"),
      age: find(".age"),
      words: find(".notice-words"),
      detail: find(".notice-detail"),
      seen: true,
    });
    watcher.observe(item);
    fetchPictures(tiles.at(-1), number);
  }
  return tiles[index];
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const tile = tiles.find(({ item }) => item === entry.target);
    if (tile) tile.seen = entry.isIntersecting;
  }
});

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function render() {
  const now = performance.now();
  const kinds = states.map((state, index) => {
    const tile = tileOf(index);
    const verdict = judge(state, { connected, trouble: "", ageMs: now - stateAt, startedMs: now - started });
    const live = verdict.kind === "live";
    tile.link.dataset.kind = verdict.kind;
    setText(tile.words, verdict.words);
    setText(tile.detail, verdict.detail);
    setText(tile.label, live ? (state.label ?? "–") : verdict.words);
    setText(tile.confidence, live && state.confidence !== null ? `${(100 * state.confidence).toFixed(1)} %` : "");
    setText(tile.who, `${index + 1}  ${state.source}`);
    setText(tile.age, live && state.age_ms !== null ? `${state.age_ms.toFixed(0)} ms` : "");
    tile.canvas.setAttribute("aria-label", `Picture of camera ${index + 1}`);
    return verdict.kind;
  });
  const good = kinds.filter((kind) => kind === "live").length;
  const kind = !connected ? (states.length ? "bad" : "waiting") : good === kinds.length ? "live" : "bad";
  document.body.dataset.kind = kind;
  const words = !connected ? (states.length ? "No connection" : "Connecting") : `${good} of ${kinds.length} live`;
  setText(byId("badge-words"), words);
  setText(byId("source"), states.length ? `${states.length} cameras` : "");
  document.title = `${words} – cnnkit`;
}

async function fetchPictures(tile, number) {
  for (;;) {
    const start = performance.now();
    if (tile.seen && !document.hidden) await showPicture(tile, number).catch(() => {});
    await new Promise((done) => setTimeout(done, Math.max(50, start + PICTURE_EVERY_MS - performance.now())));
  }
}

async function showPicture({ canvas }, number) {
  const response = await fetch(`${number}/frame.jpg`, { cache: "no-store" });
  if (!response.ok) return;
  const bitmap = await createImageBitmap(await response.blob());
  const width = Math.min(bitmap.width, 640);
  canvas.width = width;
  canvas.height = Math.round((width * bitmap.height) / bitmap.width);
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}

followStates(
  "all-events",
  (now) => {
    states = now;
    stateAt = performance.now();
    connected = true;
    render();
  },
  () => {
    connected = false;
    render();
  },
);
setInterval(render, 500);

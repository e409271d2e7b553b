// Puts what comes from the server, the view and the controls together.

import { followPictures, followStates } from "./connection.js";
import { judge, showAnswer, showBadge, showPicture, speak, speakAnswer } from "./view.js";

const byId = (id) => document.getElementById(id);
const started = performance.now();

let state = null; // the newest, as /state.json gives it
let stateAt = 0; // when it came
let connected = false;
let trouble = ""; // why there are no pictures
let paused = null; // what is shown while paused: a verdict and a state
let picture = null; // the JPEG that is shown
let pictureAt = null;
let endPictures = null;

function render() {
  const now = performance.now();
  const verdict = judge(state, { connected, trouble, ageMs: now - stateAt, startedMs: now - started });
  showBadge(verdict, state?.source ?? "");
  if (paused) return;
  showAnswer(verdict, state);
  speakAnswer(verdict, state);
}

async function takePicture(blob) {
  await showPicture(blob).catch(() => {}); // a picture that cannot be decoded is left out
  picture = blob;
  pictureAt = new Date();
  trouble = "";
  byId("save").disabled = false;
}

/** Pictures are fetched while they are seen alone: the machine at the other end may be a small one. */
function fetchWhileSeen() {
  const wanted = !paused && !document.hidden;
  if (wanted && !endPictures) {
    endPictures = followPictures(takePicture, (why) => {
      trouble = why;
    });
  } else if (!wanted && endPictures) {
    endPictures();
    endPictures = null;
  }
}

function togglePause() {
  paused = paused ? null : { at: new Date() };
  byId("pause").textContent = paused ? "Continue" : "Pause";
  byId("paused").hidden = !paused;
  byId("paused").textContent = paused ? `Paused at ${paused.at.toLocaleTimeString()}` : "";
  speak(paused ? "paused" : "continues");
  fetchWhileSeen();
  render();
}

function savePicture() {
  if (!picture) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `cnnkit-${localTime(pictureAt)}.jpg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  speak(`saved ${link.download}`);
}

/** 2026-01-31T09-05-00: sorts well, and no system refuses it in a file's name. */
function localTime(date) {
  const local = new Date(date.getTime() - 60000 * date.getTimezoneOffset());
  return local.toISOString().slice(0, 19).replaceAll(":", "-");
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

function toggleKeys() {
  const dialog = byId("keys");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const ACTIONS = { " ": togglePause, s: savePicture, f: toggleFullScreen, "?": toggleKeys };

document.addEventListener("keydown", (event) => {
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === " " && event.target.closest("button, dialog")) return; // space presses the button that has the focus
  if (byId("keys").open && action !== toggleKeys) return;
  event.preventDefault();
  action();
});
document.addEventListener("fullscreenchange", () => {
  byId("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
});
document.addEventListener("visibilitychange", fetchWhileSeen);
byId("pause").addEventListener("click", togglePause);
byId("save").addEventListener("click", savePicture);
byId("full").addEventListener("click", toggleFullScreen);
byId("help").addEventListener("click", toggleKeys);
byId("full").hidden = !document.fullscreenEnabled;

followStates(
  "events",
  (news) => {
    state = news;
    stateAt = performance.now();
    connected = true;
    render();
  },
  () => {
    connected = false;
    render();
  },
);
fetchWhileSeen();
setInterval(render, 500);
render();

// What comes from the server: states as server-sent events, pictures as parts of an endless response.
// Both begin again by themselves after whatever ended them.

const SILENCE_MS = 5000; // the server speaks every second: without a word for so long it is gone, even if nothing says so
const PICTURE_SILENCE_MS = 15000; // the last picture comes again every five seconds
const AGAIN_MS = 1500;

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Calls onState with each state of an address, and onGone when the connection ends; keeps trying. */
export function followStates(address, onState, onGone) {
  const source = new EventSource(address);
  let heard = performance.now();
  const again = () => {
    clearInterval(watch);
    source.close();
    onGone();
    setTimeout(() => followStates(address, onState, onGone), AGAIN_MS);
  };
  const watch = setInterval(() => {
    if (performance.now() - heard > SILENCE_MS) again();
  }, 1000);
  source.onmessage = (event) => {
    heard = performance.now();
    onState(JSON.parse(event.data));
  };
  source.onerror = again;
}

/** Awaits onPicture with each JPEG as a Blob, tells onTrouble why there is none; returns what ends it. */
export function followPictures(onPicture, onTrouble) {
  const end = new AbortController();
  const follow = async () => {
    while (!end.signal.aborted) {
      const trouble = await readPictures(end.signal, onPicture).catch((error) => error.refusal ?? "");
      if (end.signal.aborted) return;
      onTrouble(trouble);
      await sleep(AGAIN_MS);
    }
  };
  follow();
  return () => end.abort();
}

/** Reads until the response ends; of several pictures that came at once only the last is shown. */
async function readPictures(signal, onPicture) {
  const response = await fetch("stream.mjpg", { signal, cache: "no-store" });
  if (!response.ok) throw Object.assign(new Error(), { refusal: await response.text() });
  const reader = response.body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const watch = setTimeout(() => reader.cancel(), PICTURE_SILENCE_MS);
    const { value, done } = await reader.read();
    clearTimeout(watch);
    if (done) return "";
    const parts = splitParts(joined(bytes, value));
    bytes = parts.rest;
    if (parts.last && !signal.aborted) await onPicture(new Blob([parts.last], { type: "image/jpeg" }));
  }
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Takes the complete parts off: the body of the last one, and the bytes of the part that has just begun. */
function splitParts(bytes) {
  let last = null;
  for (;;) {
    const head = headLength(bytes);
    if (head < 0) return { last, rest: bytes };
    const length = /content-length: *(\d+)/i.exec(new TextDecoder("latin1").decode(bytes.subarray(0, head)));
    const end = head + Number(length?.[1] ?? 0);
    if (bytes.length < end) return { last, rest: bytes };
    if (length) last = bytes.slice(head, end);
    bytes = bytes.subarray(end);
  }
}

/** The length of a part's boundary and headers with the empty line behind them; -1 where that has not come yet. */
function headLength(bytes) {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

// Listens to what happens in one database, for all visible tabs of a browser: over HTTP/1.1 a browser opens six
// connections to a host, and a stream of events keeps one. Runs as a SharedWorker, whose name is the database's; where
// there are none, as a worker of the one tab. The tabs' side is app/src/browser/stream.rs.
//
// A tab says "here" when it becomes visible and every 20 s from then on, and "gone" when it is hidden or left.
// It hears "AGE JSON", the status that came AGE milliseconds ago, and "failed" where the stream did not come about or
// broke off.
"use strict";

const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A stream that lasted this long was well: the next failure is the first. */
const WELL_AFTER_MS = 60_000;
/** A page that makes way for the next one of its tab is not gone. */
const LINGER_MS = 1_000;
/** Who was not heard of for this long has crashed. */
const LOST_AFTER_MS = 65_000;

/** When each visible tab was heard of last. */
const tabs = new Map();
/** The stream while there is one, and when it was begun. */
let stream = null;
let begunAt = 0;
/** The newest event of the stream, and when it came. */
let newest = null;
let failures = 0;
let nextAttempt;
let lingering;

function tell(tab) {
  tab.postMessage(`${Math.round(performance.now() - newest.at)} ${newest.json}`);
}

function listen() {
  clearTimeout(nextAttempt);
  begunAt = performance.now();
  stream = new EventSource(`/events/${encodeURIComponent(self.name)}`);
  stream.addEventListener("snapshot", ({ data }) => {
    newest = { json: data, at: performance.now() };
    for (const tab of tabs.keys()) tell(tab);
  });
  stream.addEventListener("error", tryAgainLater);
}

function rest() {
  clearTimeout(nextAttempt);
  stream?.close();
  stream = null;
  newest = null;
}

// An EventSource would try again by itself after a connection that broke, but at a steady pace, and not at all once
// the server has refused it.
function tryAgainLater() {
  rest();
  failures = performance.now() - begunAt >= WELL_AFTER_MS ? 1 : failures + 1;
  const pause = Math.min(SHORTEST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  // At different moments, so that the tabs of many people do not come back at once.
  nextAttempt = setTimeout(listen, pause * (0.5 + Math.random() / 2));
  for (const tab of tabs.keys()) tab.postMessage("failed");
}

function arrive(tab) {
  const isKnown = tabs.has(tab);
  tabs.set(tab, performance.now());
  if (isKnown) return;
  clearTimeout(lingering);
  if (!stream) listen();
  else if (newest) tell(tab);
}

function leave(tab) {
  tabs.delete(tab);
  if (tabs.size > 0) return;
  clearTimeout(lingering);
  lingering = setTimeout(rest, LINGER_MS);
}

function hear(tab) {
  tab.onmessage = ({ data }) => (data === "here" ? arrive(tab) : leave(tab));
}

setInterval(() => {
  for (const [tab, heardAt] of tabs) {
    if (performance.now() - heardAt > LOST_AFTER_MS) leave(tab);
  }
}, 20_000);

if ("SharedWorkerGlobalScope" in self) {
  self.onconnect = ({ ports: [tab] }) => hear(tab);
} else {
  hear(self);
}

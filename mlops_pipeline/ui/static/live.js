// Follows a page of something that is running. The server hints when the page would look different; it
// is then asked for again, and what has changed is taken over. All tabs share one stream of hints; where
// there can be none, the page is asked for every two seconds.
"use strict";

const OFTEN = 2000;
const RARELY = 15000;
const SAFELY = 30000;
const address = location.pathname.split("/").pop() + location.search;
const me = `${Math.random()}`;

let tag = "";
let hinted = false;
let timer;
let asking = false;
let again = false;
let ended = false;
let channel;

const opened = (root) => [...root.querySelectorAll("details[open][id]")].map((each) => each.id);

/** Take over what is new in the page; `mlops` is there where drawings are built. */
function takeOver(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const [before, after] = [document.getElementById("main"), page.getElementById("main")];
  if (!after) return page;
  if (globalThis.mlops) {
    globalThis.mlops.morph(before, after);
    return page;
  }
  for (const id of opened(before)) after.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  const focused = before.contains(document.activeElement) && document.activeElement;
  const at = [...before.querySelectorAll("a, summary, [tabindex]")].indexOf(focused);
  before.replaceWith(after);
  if (at >= 0) [...after.querySelectorAll("a, summary, [tabindex]")][at]?.focus({ preventScroll: true });
  return page;
}

/** Ask for the page, and return whether it is to be followed further. */
async function ask() {
  const headers = tag ? { "If-None-Match": `"${tag}"` } : {};
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 304) return true;
  if (!answer.ok) throw new Error(`${answer.status}`);
  tag = (answer.headers.get("ETag") || "").replaceAll('"', "");
  return Boolean(takeOver(await answer.text()).getElementById("live"));
}

async function look() {
  if (asking) again = true;
  if (asking || ended) return;
  clearTimeout(timer);
  let pause = hinted ? SAFELY : OFTEN;
  if (!document.hidden) {
    asking = true;
    try {
      if (!(await ask())) return end();
    } catch {
      pause = RARELY;
    } finally {
      asking = false;
    }
  }
  timer = setTimeout(look, again ? 0 : pause);
  again = false;
}

function end() {
  ended = true;
  document.getElementById("live")?.remove();
  tell({ kind: "bye" });
}

function tell(message) {
  channel?.postMessage({ from: me, page: address, ...message });
  hear({ from: me, page: address, ...message });
}

// One tab holds the lock and the stream; it is told which pages are looked at.
const wanted = new Map();
let leads = false;
let stream;
let streamed = "";

function hear({ kind, from, page, changed, now }) {
  if (kind === "want") wanted.set(from, page);
  if (kind === "bye") wanted.delete(from);
  if (kind === "who" && from !== me && !document.hidden && !ended) tell({ kind: "want" });
  if (kind === "changed" && changed === address) {
    hinted = true;
    if (now !== tag) look();
  }
  if (kind === "none") {
    hinted = false;
    look();
  }
  if (leads && (kind === "want" || kind === "bye")) listen();
}

function listen() {
  const pages = [...new Set(wanted.values())].slice(0, 20);
  const query = pages.map((page) => `page=${encodeURIComponent(page)}`).join("&");
  if (query === streamed) return;
  streamed = query;
  stream?.close();
  if (!query) return;
  stream = new EventSource(`events?${query}`);
  stream.onmessage = ({ data }) => {
    const hint = JSON.parse(data);
    tell({ kind: "changed", changed: hint.page, now: hint.tag });
  };
  stream.onerror = () => tell({ kind: "none" });
}

function lead() {
  leads = true;
  tell({ kind: "who" });
  listen();
  return new Promise(() => {});
}

if (navigator.locks && globalThis.BroadcastChannel && globalThis.EventSource) {
  const name = `mlops ${location.pathname.replace(/[^/]*$/, "")}`;
  channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => hear(data);
  const say = () => tell({ kind: document.hidden || ended ? "bye" : "want" });
  document.addEventListener("visibilitychange", say);
  addEventListener("pagehide", () => tell({ kind: "bye" }));
  say();
  navigator.locks.request(name, lead);
}
document.addEventListener("visibilitychange", () => document.hidden || look());
timer = setTimeout(look, OFTEN);

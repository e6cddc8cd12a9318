// Follows a page of something that is running: asks for it again, and takes over what has changed.
"use strict";

let tag = "";
let pause = 2000;

const opened = (root) => [...root.querySelectorAll("details[open][id]")].map((each) => each.id);

function takeOver(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const [before, after] = [document.getElementById("main"), page.getElementById("main")];
  if (!after || before.innerHTML === after.innerHTML) return page;
  for (const id of opened(before)) after.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  const focused = before.contains(document.activeElement) && document.activeElement;
  const links = [...before.querySelectorAll("a, summary, [tabindex]")];
  const at = links.indexOf(focused);
  before.replaceWith(after);
  if (at >= 0) [...after.querySelectorAll("a, summary, [tabindex]")][at]?.focus({ preventScroll: true });
  return page;
}

async function look() {
  if (document.hidden) return setTimeout(look, pause);
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(location.href, { headers, cache: "no-store" });
    pause = answer.ok || answer.status === 304 ? 2000 : 15000;
    if (answer.ok) {
      tag = answer.headers.get("ETag") || "";
      const page = takeOver(await answer.text());
      if (!page.getElementById("live")) {
        document.getElementById("live")?.remove();
        return undefined;
      }
    }
  } catch {
    pause = 15000;
  }
  return setTimeout(look, pause);
}

setTimeout(look, pause);

// Wires the live page: one stream per browser feeds the connection chip, the feed and the panels of every tab.
import { announcer } from "./js/announce.js";
import { Chip } from "./js/chip.js";
import { Feed } from "./js/feed.js";
import { Panels } from "./js/panels.js";
import { Stream } from "./js/stream.js";
import { clock, texts } from "./js/texts.js";

const PAUSED = "ponte-paused";
const root = document.documentElement;
const page = () => document.getElementById("page");
root.classList.add("scripted");

const chip = new Chip();
const panels = new Panels();
const feed = new Feed(page().dataset.stream, announcer());
const stream = new Stream(root.lang, () => feed.place);
let paused = sessionStorage.getItem(PAUSED);

stream.on("entry", ({ place, html }) => {
  chip.heard();
  if (!paused && feed.take(place, html) === "gap") catchUp();
});

stream.on("panel", ({ panel, html }) => {
  chip.heard();
  if (!paused) panels.show(panel, html);
});

stream.on("beat", ({ epoch, number, day }) => {
  chip.heard();
  if (paused) return;
  if (day !== root.dataset.day) location.reload();
  else if (feed.misses(epoch, number)) catchUp();
});

stream.on("off", ({ seconds }) => chip.off(seconds));
stream.on("trying", () => chip.trying());
stream.on("on", ({ since }) => {
  chip.on();
  if (since) recovered(since);
});
stream.on("reload", () => { if (!paused) location.reload(); });
stream.on("signed-out", () => chip.signedOut());

let catching = false;

/** Fetch what is missing and bring the panels up to date; used for gaps, after a pause and in a new tab. */
async function catchUp() {
  if (catching) return 0;
  catching = true;
  try {
    const query = new URLSearchParams({ after: feed.place, lang: root.lang });
    const answer = await fetch(`/missing?${query}`, { headers: { accept: "application/json" } });
    if (answer.status === 401) return chip.signedOut();
    if (!answer.ok) return 0;
    const { reload, epoch, entries } = await answer.json();
    if (reload) return location.reload();
    for (const { number, html } of entries) feed.take(`${epoch}.${number}`, html);
    panels.refresh();
    return entries.length;
  } catch {
    return 0; // The stream notices a lost connection by itself.
  } finally {
    catching = false;
  }
}

/** After a lost connection: the chip and a bar above the feed say how much came in and for which time. */
function recovered(since) {
  const before = feed.taken;
  setTimeout(() => {
    const count = feed.taken - before;
    if (!count) return;
    chip.recovered(count);
    feed.gap(clock(since), clock(Date.now()), count);
  }, 700);
}

function setPaused(since) {
  paused = since;
  const button = document.getElementById("pause");
  button.textContent = texts(since ? "resume" : "pause");
  button.setAttribute("aria-pressed", since ? "true" : "false");
  if (since) {
    sessionStorage.setItem(PAUSED, since);
    chip.pause(clock(Number(since)));
  } else {
    sessionStorage.removeItem(PAUSED);
    chip.resume();
    catchUp();
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#pause")) setPaused(paused ? null : String(Date.now()));
  if (event.target.closest("#retry")) stream.retry();
});
document.addEventListener("htmx:after:swap", () => {
  feed.reread();
  panels.total();
});
document.getElementById("week-list")?.toggleAttribute("open", window.matchMedia("(max-width: 767px)").matches);

if (paused) setPaused(paused);
panels.total();
stream.start();

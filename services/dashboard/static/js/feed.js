// The feed: new lines enter at once only where they disturb nobody, else a button waits at the top.
// Lines have stable ids, so a repeated event replaces its line and never doubles it.
import { texts } from "./texts.js";

const FRESH_MS = 20_000;
const GAP_MS = 60_000;
const MOST = 600;

const list = () => document.getElementById("entries");
const log = () => document.getElementById("log");

export class Feed {
  taken = 0;
  #epoch;
  #number;
  #waiting = [];
  #announce;

  /** `place` is the `EPOCH.NUMBER` up to which the page was made. */
  constructor(place, announce) {
    const cut = place.lastIndexOf(".");
    this.#epoch = place.slice(0, cut);
    this.#number = Number(place.slice(cut + 1));
    this.#announce = announce;
    document.addEventListener("click", ({ target }) => {
      if (target.closest("#newbar")) this.#admit();
      // Narrow screens show eight lines until somebody asks for more.
      if (target.closest("#earlier a")) list().classList.add("all");
    });
  }

  get place() {
    return `${this.#epoch}.${this.#number}`;
  }

  misses(epoch, number) {
    return epoch === this.#epoch && number > this.#number;
  }

  /** Take one line; "gap" where an earlier one has not come yet. */
  take(place, html) {
    const number = Number(place.slice(place.lastIndexOf(".") + 1));
    if (number > this.#number + 1) return "gap";
    const made = document.createElement("template");
    made.innerHTML = html.trim();
    const line = made.content.firstElementChild;
    const shown = document.getElementById(line.id);
    if (number > this.#number) {
      this.#number = number;
      this.taken += 1;
    }
    if (shown) {
      shown.replaceWith(line);
      return "again";
    }
    if (this.#waiting.some((other) => other.id === line.id) || this.#tooOld(number) || !this.#wanted(line)) return "";
    this.#announce(line.dataset.grave === "1");
    if (this.#quiet()) this.#insert(line);
    else this.#hold(line);
    return "new";
  }

  /** The list was made anew by the server: what waits and stands in it now waits no longer. */
  reread() {
    this.#waiting = this.#waiting.filter((line) => !document.getElementById(line.id) && this.#wanted(line));
    this.#button();
  }

  /** Say for which time the page stood still. */
  gap(from, to, count) {
    const bar = document.getElementById("gap");
    const said = document.createElement("b");
    said.textContent = texts("gap", { from, to });
    bar.querySelector("span").replaceChildren(said, ` ${texts("gap-count", { n: count })}`);
    bar.hidden = from === to;
    setTimeout(() => { bar.hidden = true; }, GAP_MS);
  }

  /** A line from before the ones that are shown belongs to "show earlier". */
  #tooOld(number) {
    const lines = list().querySelectorAll(".entry");
    return lines.length > 0 && number < Number(lines[lines.length - 1].dataset.number);
  }

  /** The filters of the address, as the server applies them. */
  #wanted({ dataset }) {
    const query = new URLSearchParams(document.getElementById("page").dataset.address.split("?")[1] ?? "");
    const own = new URLSearchParams(list().dataset.filter.split("?")[1] ?? "");
    const kinds = (own.get("kind") ?? "").split(",").filter(Boolean);
    return [query.get("unit"), own.get("unit"), own.get("feed")].every((unit) => !unit || unit === dataset.unit)
      && (!kinds.length || kinds.includes(dataset.kind))
      && (own.get("grave") !== "1" || dataset.grave === "1")
      && !own.has("before");
  }

  /** The reader is at the top, and neither pointer nor focus is in the feed. */
  #quiet() {
    if (this.#waiting.length || log().matches(":hover") || log().contains(document.activeElement)) return false;
    return log().scrollTop < 4 && log().getBoundingClientRect().top >= 0;
  }

  #insert(line) {
    line.classList.add("new");
    line.querySelector(".fresh").hidden = false;
    const number = Number(line.dataset.number);
    const after = [...list().querySelectorAll(".entry")].find((other) => Number(other.dataset.number) < number);
    const first = list().firstElementChild;
    // Everything new stands above the line of the last visit.
    if (after && after.previousElementSibling?.id !== "line") after.before(line);
    else if (after) after.previousElementSibling.before(line);
    else list().insertBefore(line, first);
    document.getElementById("feed-empty")?.remove();
    this.#trim();
    setTimeout(() => {
      line.classList.remove("new");
      line.querySelector(".fresh").hidden = true;
    }, FRESH_MS);
  }

  #hold(line) {
    this.#waiting.push(line);
    this.#button();
  }

  #button() {
    const button = document.getElementById("newbar");
    const count = this.#waiting.length;
    const grave = this.#waiting.filter((line) => line.dataset.grave === "1").length;
    const parts = [texts("waiting", { n: count })];
    if (grave) parts.push(texts("waiting-grave", { n: grave }));
    button.textContent = parts.join(", ");
    button.hidden = count === 0;
  }

  #admit() {
    const lines = this.#waiting;
    this.#waiting = [];
    for (const line of lines) this.#insert(line);
    this.#button();
    log().scrollTop = 0;
    list().querySelector(".entry")?.focus();
  }

  /** A page that stays open for days does not grow for ever; "show earlier" begins where it was cut. */
  #trim() {
    const lines = list().querySelectorAll(".entry");
    if (lines.length <= MOST) return;
    for (const line of [...lines].slice(MOST)) line.remove();
    const link = document.querySelector("#earlier a");
    for (const name of ["href", "hx-get"]) {
      link?.setAttribute(name, link.getAttribute(name).replace(/before=\d+/, `before=${lines[MOST - 1].dataset.number}`));
    }
  }
}

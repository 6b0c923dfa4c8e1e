// The connection chip: live, delayed, without connection, paused. Words first, shape second, colour third.
import { clock, texts } from "./texts.js";

const STALE_MS = 15_000;
const RECOVERED_MS = 10_000;

export class Chip {
  #last = 0;
  #state = "waiting";
  #detail = "";
  #until = 0;
  #retryAt = 0;

  constructor() {
    setInterval(() => this.#draw(), 1000);
  }

  /** Something came over the stream. */
  heard() {
    this.#last = Date.now();
    if (this.#state === "waiting" || this.#state === "off") this.on();
  }

  on() {
    if (this.#state === "paused" || this.#state === "ended") return;
    this.#last = Date.now();
    this.#state = "on";
    this.#draw();
  }

  off(seconds) {
    if (this.#state === "paused" || this.#state === "ended") return;
    this.#state = "off";
    this.#retryAt = Date.now() + seconds * 1000;
    this.#draw();
  }

  trying() {
    this.#retryAt = 0;
    this.#draw();
  }

  recovered(count) {
    this.#detail = texts("recovered", { n: count });
    this.#until = Date.now() + RECOVERED_MS;
    this.#draw();
  }

  pause(since) {
    this.#state = "paused";
    this.#detail = texts("paused-since", { time: since });
    this.#draw();
  }

  resume() {
    this.#state = "waiting";
    this.on();
  }

  signedOut() {
    this.#state = "ended";
    this.#draw();
  }

  #draw() {
    const [look, state, detail] = this.#words();
    const chip = document.getElementById("live");
    if (!chip) return;
    chip.className = `live ${look}`;
    const label = chip.querySelector(".state");
    if (label.textContent !== state) label.textContent = state;
    chip.querySelector(".detail").textContent = detail;
    document.getElementById("retry").hidden = this.#state !== "off";
  }

  #words() {
    const now = Date.now();
    switch (this.#state) {
      case "waiting":
        return ["waiting", texts("connecting"), ""];
      case "paused":
        return ["paused", texts("paused"), this.#detail];
      case "ended":
        return ["off", texts("signed-out"), texts("signed-out-hint")];
      case "off": {
        const left = Math.ceil((this.#retryAt - now) / 1000);
        return ["off", texts("off"), left > 0 ? texts("retry-in", { n: left }) : texts("retrying")];
      }
      default:
        if (now - this.#last > STALE_MS) {
          return ["stale", texts("stale"), texts("stale-since", { time: clock(this.#last) })];
        }
        if (now < this.#until) return ["", texts("on"), this.#detail];
        return ["", texts("on"), texts("updated", { n: Math.round((now - this.#last) / 1000) })];
    }
  }
}

// Panels are replaced in place by morphing: focus, open details and scrolled frames stay as they are.
const PAUSE_MS = 250;

let morph = null;
window.htmx.registerExtension("ponte-panels", { init(api) { morph = api.morph; } });

const page = () => document.getElementById("page");

export class Panels {
  #timer = 0;

  /** Show a panel from the common stream; a page with filters of its own asks for its own instead. */
  show(name, html) {
    if (page().dataset.usual === "1") this.#replace(name, html);
    else this.refresh();
  }

  /** Ask for every panel with the filters of this page's address, once for many changes. */
  refresh() {
    this.#timer ||= setTimeout(() => this.#fetch(), PAUSE_MS);
  }

  /** The counter of the narrow screen repeats the strip's total. */
  total() {
    const total = document.getElementById("since")?.dataset.total;
    for (const place of document.querySelectorAll("[data-since-total]")) place.textContent = total ?? "";
  }

  async #fetch() {
    this.#timer = 0;
    const query = new URLSearchParams(page().dataset.address.split("?")[1] ?? "");
    query.set("lang", document.documentElement.lang);
    try {
      const answer = await fetch(`/panels?${query}`);
      if (!answer.ok) return;
      for (const [name, html] of Object.entries(await answer.json())) this.#replace(name, html);
    } catch {
      // The stream shows that there is no connection and brings the panels when it is back.
    }
  }

  #replace(name, html) {
    const panel = document.getElementById(name);
    if (!panel) return;
    const made = document.createElement("template");
    made.innerHTML = html;
    const fresh = made.content.firstElementChild;
    made.content.replaceChildren(fresh);
    const kept = panel.querySelector("[data-since-total]");
    if (kept) fresh.querySelector("[data-since-total]").textContent = kept.textContent;
    morph(panel, made.content, false);
    window.htmx.process(document.getElementById(name));
    this.total();
  }
}

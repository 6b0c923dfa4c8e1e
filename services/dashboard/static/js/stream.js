// One EventSource per browser and language. The tab that holds the lock reads it and tells all others;
// when it goes, the next tab goes on from what it has seen itself.
const WAITS = [1, 2, 3, 5, 8];
const SILENT_MS = 16_000;

export class Stream {
  #language;
  #place;
  #handlers = {};
  #channel;
  #source = null;
  #tries = 0;
  #timer = 0;
  #lostAt = 0;
  #heard = 0;
  #ended = false;
  #beat = null;

  /** `place` gives the `EPOCH.NUMBER` that this tab has seen. */
  constructor(language, place) {
    this.#language = language;
    this.#place = place;
    this.#channel = new BroadcastChannel(`ponte-live-${language}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
  }

  on(kind, handler) {
    this.#handlers[kind] = handler;
  }

  start() {
    const lead = () => new Promise(() => { this.#open(); });
    // Without a secure context there are no locks: then every tab reads for itself.
    if (navigator.locks) navigator.locks.request(`ponte-live-${this.#language}`, lead);
    else lead();
    this.#channel.postMessage({ kind: "hello" });
  }

  /** Try again now; a tab that only listens asks the one that reads. */
  retry() {
    if (this.#timer) this.#open();
    else this.#channel.postMessage({ kind: "retry" });
  }

  #hear({ kind, data }) {
    if (kind === "retry") {
      if (this.#timer) this.#open();
    } else if (kind === "hello") {
      // A new tab need not wait for the next beat to know that the stream lives and how far it is.
      if (this.#beat && this.#source?.readyState === EventSource.OPEN) this.#channel.postMessage(this.#beat);
    } else {
      this.#handlers[kind]?.(data);
    }
  }

  #tell(kind, data = {}) {
    this.#handlers[kind]?.(data);
    this.#channel.postMessage({ kind, data });
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#source?.close();
    this.#tell("trying");
    const query = new URLSearchParams({ lang: this.#language, after: this.#place() });
    const source = new EventSource(`/live?${query}`);
    this.#source = source;
    source.onopen = () => {
      this.#heard = Date.now();
      this.#tell("on", { since: this.#lostAt });
      this.#lostAt = 0;
      this.#tries = 0;
    };
    source.onerror = () => this.#lost(source);
    this.#listen(source, "entry", (event) => ({ place: event.lastEventId, html: event.data }));
    for (const kind of ["panel", "beat"]) this.#listen(source, kind, (event) => JSON.parse(event.data));
    source.addEventListener("reload", () => this.#end("reload"));
    source.addEventListener("signed-out", () => this.#end("signed-out"));
    this.#watch(source);
  }

  #listen(source, kind, read) {
    source.addEventListener(kind, (event) => {
      this.#heard = Date.now();
      const data = read(event);
      if (kind === "beat") this.#beat = { kind, data };
      if (kind === "entry" && this.#beat) this.#beat.data.number = Number(data.place.slice(data.place.lastIndexOf(".") + 1));
      this.#tell(kind, data);
    });
  }

  /** A connection that died without a word is given up after three missing beats. */
  #watch(source) {
    const timer = setInterval(() => {
      if (this.#source !== source) clearInterval(timer);
      else if (source.readyState === EventSource.OPEN && Date.now() - this.#heard > SILENT_MS) this.#lost(source);
    }, 2000);
  }

  async #lost(source) {
    if (this.#source !== source || this.#ended) return;
    source.close();
    this.#source = null;
    this.#lostAt ||= this.#heard || Date.now();
    const wait = WAITS[Math.min(this.#tries++, WAITS.length - 1)];
    this.#timer = setTimeout(() => this.#open(), wait * 1000);
    this.#tell("off", { seconds: wait });
    // An EventSource does not say why: a session that has ended answers 401 here.
    try {
      const answer = await fetch(`/missing?after=${encodeURIComponent(this.#place())}`);
      if (answer.status === 401) this.#end("signed-out");
    } catch {
      // No connection: the timer above tries again.
    }
  }

  #end(kind) {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#tell(kind);
  }
}

// The auditor's page: how old the list is, where the focus goes, and what a search without an answer says.
const STALE_MS = 5 * 60 * 1000;
const root = document.documentElement;
root.classList.add("scripted");

const narrow = window.matchMedia("(max-width: 767px)");
let turning = false;
let timer = 0;

/** Say in the chip, without moving anything, that what is shown was read a while ago. */
function watch() {
  clearTimeout(timer);
  const chip = document.getElementById("read");
  const age = Date.now() - Date.parse(chip.querySelector("time").dateTime);
  const stale = age >= STALE_MS;
  chip.classList.toggle("stale", stale);
  chip.classList.toggle("waiting", !stale);
  if (stale) chip.querySelector(".state").textContent = chip.dataset.stale;
  else timer = setTimeout(watch, STALE_MS - age + 1000);
}

/** On a narrow screen the form is one press away, unless something in it is wrong. */
function fold() {
  const form = document.querySelector("details.seek");
  form.open = !narrow.matches || form.querySelector("[aria-invalid]") !== null;
}

function lost() {
  document.getElementById("lost").hidden = false;
  document.getElementById("page").removeAttribute("aria-busy");
}

document.addEventListener("click", (event) => {
  turning = Boolean(event.target.closest("[data-turn]"));
});
document.addEventListener("htmx:config:request", ({ detail }) => {
  // What is not looked for does not stand in the address.
  const asked = detail.ctx.request.body;
  for (const [name, value] of [...asked ?? []]) if (!value) asked.delete(name);
});
document.addEventListener("htmx:before:request", () => {
  document.getElementById("page").setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:before:swap", (event) => {
  const status = event.detail.ctx?.response?.status;
  // Whoever was signed out meanwhile gets the page that says so.
  if (status === 401) location.reload();
  if (status === 200 || status === 422) return;
  event.preventDefault();
  if (status !== 401) lost();
});
document.addEventListener("htmx:error", lost);
document.addEventListener("htmx:after:swap", () => {
  document.getElementById("page").removeAttribute("aria-busy");
  watch();
  document.querySelector('[aria-invalid="true"]')?.focus();
  if (!turning) return;
  turning = false;
  const head = document.getElementById("results-h");
  head.focus({ preventScroll: true });
  head.scrollIntoView({ block: "start" });
});

fold();
watch();

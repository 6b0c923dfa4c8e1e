// The page's texts, as the server gives them, and times as a reader writes them.
const table = JSON.parse(document.body.dataset.texts);

/** The text of a key; `n` chooses between one and other, every value fills its `{name}`. */
export function texts(key, values = {}) {
  let text = table[key];
  if (typeof text === "object") text = values.n === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const { zone: timeZone } = document.documentElement.dataset;
const hours = new Intl.DateTimeFormat("it-IT", { hour: "2-digit", minute: "2-digit", timeZone });

/** `10:42` of a time in milliseconds, on the city's clock like every other time of the page. */
export function clock(moment) {
  return hours.format(moment);
}

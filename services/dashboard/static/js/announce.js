// Tells screen readers what came in: twice a minute at most, a serious entry at once.
import { texts } from "./texts.js";

const EVERY_MS = 30_000;

export function announcer() {
  let count = 0;
  let grave = 0;

  function say() {
    if (!count) return;
    const region = document.getElementById("announce");
    const parts = [texts("announce", { n: count })];
    if (grave) parts.push(texts("waiting-grave", { n: grave }));
    region.textContent = parts.join(", ");
    count = grave = 0;
  }

  setInterval(say, EVERY_MS);
  return (isGrave) => {
    count += 1;
    if (isGrave) {
      grave += 1;
      say();
    }
  };
}

// What the numbers come from: the bundle's card.

import { api } from "./api.js";
import { h, problemBox } from "./dom.js";
import { markdown } from "./markdown.js";
import { QUADRANTS } from "./moods.js";

export function aboutPage() {
  const prose = h("article", { class: "prose", "aria-busy": "true" });
  const facts = h("dl", {});
  const element = h(
    "div",
    { class: "about" },
    h(
      "header",
      {},
      h("h1", {}, "What the numbers mean"),
      h(
        "p",
        {},
        "Valence says how pleasant music sounds, arousal how excited. Tags are emotions of which several hold at once. Scores rank music; how far they are probabilities, the card below says.",
      ),
    ),
    prose,
    h(
      "aside",
      { class: "side" },
      h("section", { class: "card", "aria-label": "Quadrants" }, h("h2", {}, "Quadrants"), legend()),
      h("section", { class: "card", "aria-label": "The bundle" }, h("h2", {}, "The bundle"), facts),
    ),
  );
  api.get("/v1/bundles").then(
    ({ bundles: [bundle] }) => {
      prose.removeAttribute("aria-busy");
      prose.append(...markdown(cardOf(bundle)));
      facts.append(
        ...Object.entries({
          Name: `${bundle.name} ${bundle.version}`,
          "Looks at": `windows of ${bundle.window_s.toFixed(1)} s, every ${bundle.hop_s.toFixed(1)} s`,
          Hears: `${bundle.front_end.n_bins} bands of sound at ${bundle.front_end.sample_rate.toLocaleString("en")} Hz`,
          Terms: bundle.license,
          Fingerprint: bundle.fingerprint.slice(0, 16),
        }).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      );
    },
    (problem) => prose.append(problemBox(problem)),
  );
  return { element };
}

// The card without its first heading, which names the bundle again.
function cardOf(bundle) {
  return bundle.card === null ? bundle.summary : bundle.card.replace(/^# .*\n/, "");
}

function legend() {
  return h(
    "ul",
    { class: "legend" },
    ...Object.entries(QUADRANTS).map(([name, title]) =>
      h("li", { class: `badge ${name.toLowerCase()}` }, `${name} ${title}`),
    ),
  );
}

// Quadrants, and the tags of a bundle.

import { api } from "./api.js";

export const QUADRANTS = {
  Q1: "Excited, happy",
  Q2: "Tense, angry",
  Q3: "Sad, gloomy",
  Q4: "Calm, content",
};

export function quadrantOf(valence, arousal) {
  if (arousal >= 0) return valence >= 0 ? "Q1" : "Q2";
  return valence >= 0 ? "Q4" : "Q3";
}

let known = null;

// Titles and quadrants of the tags that the server's bundle gives: {slug: {title, quadrant}}.
export function tags() {
  known ??= loaded().catch((problem) => {
    known = null;
    throw problem;
  });
  return known;
}

async function loaded() {
  const [bundle] = (await api.get("/v1/bundles")).bundles;
  const found = {};
  for (const head of bundle.heads.filter((each) => each.kind === "tags")) {
    const vocabulary = await api.get(`/v1/vocabularies/${encodeURIComponent(head.vocabulary)}`);
    for (const { tag, title, valence, arousal } of vocabulary.tags) {
      const quadrant = valence === null ? null : quadrantOf(valence, arousal);
      found[tag] ??= { title, quadrant };
    }
  }
  return found;
}

// A tag that this server's bundle does not know still has a name.
export function describe(found, tag) {
  const plain = tag.replaceAll("_", " ");
  return found[tag] ?? { title: plain.charAt(0).toUpperCase() + plain.slice(1), quadrant: null };
}

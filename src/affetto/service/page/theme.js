// Colors for canvases, as the style sheet says; they change with the system's setting.

const dark = window.matchMedia("(prefers-color-scheme: dark)");

export const NAMES = [
  "paper", "card", "sunk", "ink", "faint", "rule", "focus",
  "q1", "q2", "q3", "q4", "valence", "arousal", "wave", "played",
];

export function colors() {
  const style = getComputedStyle(document.documentElement);
  const found = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  found.font = style.getPropertyValue("--font").trim();
  found.of = (quadrant) => (quadrant ? found[quadrant.toLowerCase()] : found.faint);
  return found;
}

export function whenColorsChange(told, signal) {
  dark.addEventListener("change", told, { signal });
}

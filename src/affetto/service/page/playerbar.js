// The player at the foot of every page.

import { clock, suffix } from "./format.js";
import { h, icon, sentence } from "./dom.js";
import { QUADRANTS } from "./moods.js";
import { player } from "./player.js";

const PLAY = "M7 4.5v15l12.5-7.5z";
const PAUSE = "M6.5 4.5h4v15h-4zm7 0h4v15h-4z";

export function showBar(bar) {
  const button = h("button", { class: "play main", onclick: () => player.toggle() });
  const title = h("a", {});
  const artist = h("div", { class: "faint" });
  const time = h("div", { class: "clock numbers faint" });
  const along = h("div", { class: "along" });
  bar.setAttribute("aria-label", "Player");
  bar.append(along, button, h("div", { class: "what" }, title, artist), time);

  player.addEventListener("change", () => {
    const { song } = player;
    bar.hidden = song === null;
    if (song === null) return;
    title.textContent = song.title;
    title.href = song.address;
    artist.textContent = player.isPlayable ? song.artist || QUADRANTS[song.quadrant] : refusal(song);
    artist.classList.toggle("cannot", !player.isPlayable);
    button.hidden = !player.isPlayable;
    button.replaceChildren(icon(player.isPlaying ? PAUSE : PLAY));
    button.setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
    bar.className = `bar ${song.quadrant.toLowerCase()}`;
  });
  player.addEventListener("time", () => {
    time.textContent = `${clock(player.positionS)} / ${clock(player.durationS)}`;
    along.style.transform = `scaleX(${player.positionS / Math.max(player.durationS, 0.001)})`;
  });
}

function refusal(song) {
  if (player.problem !== null) return sentence(player.problem.message);
  const kind = suffix(song.name);
  return `This browser cannot play ${kind || "this file"}, but the emotions are here all the same.`;
}

// "Why here?": the tags of the moment, beside what they are in the song as a whole.

import { h } from "./dom.js";
import { clock } from "./format.js";
import { describe } from "./moods.js";

const N_ROWS = 8;

export class Moment {
  #song;
  #titles;
  #player;
  #rows;
  #when;
  #shown = -1;

  constructor(song, titles, player) {
    this.#song = song;
    this.#titles = titles;
    this.#player = player;
    const nRows = Math.min(N_ROWS, Object.keys(song.prediction.tags).length);
    this.#rows = Array.from({ length: nRows }, () => {
      const parts = {
        name: h("span", { class: "name" }),
        value: h("span", { class: "value" }),
        mean: h("span", { class: "mean" }),
        number: h("span", { class: "number numbers" }),
      };
      const track = h("span", { class: "track", "aria-hidden": "true" }, parts.value, parts.mean);
      return { ...parts, item: h("li", {}, parts.name, track, parts.number) };
    });
    this.#when = h("span", { class: "faint numbers" });
    this.element = h(
      "section",
      { class: "card", "aria-label": "Why here?" },
      h("div", { class: "why" }, h("h2", {}, "Why here?"), this.#when),
      h("ol", { class: "moment" }, ...this.#rows.map((row) => row.item)),
      h("p", {}, "Bars: this moment. Marks: the whole song."),
    );
    this.update();
  }

  update() {
    const { windows, prediction } = this.#song;
    const seconds = this.#player.positionS;
    this.#when.textContent = clock(seconds);
    const number = windows.at(seconds);
    if (number === this.#shown) return;
    this.#shown = number;
    const scores = Object.entries(windows.tags).map(([tag, values]) => [tag, values[number]]);
    scores.sort((one, other) => other[1] - one[1]);
    this.#rows.forEach((row, place) => {
      const [tag, score] = scores[place];
      const { title, quadrant } = describe(this.#titles, tag);
      row.item.className = quadrant ? quadrant.toLowerCase() : "";
      row.item.dataset.tag = tag;
      row.name.textContent = title;
      row.value.style.transform = `scaleX(${score})`;
      row.mean.style.left = `calc(${100 * prediction.tags[tag]}% - 1px)`;
      row.number.textContent = score.toFixed(2);
    });
  }

  close() {}
}

// The plane of valence and arousal.

import { Canvas } from "./canvas.js";
import { h } from "./dom.js";
import { signed } from "./format.js";
import { QUADRANTS, quadrantOf } from "./moods.js";

const MARGIN = 2;

export function placer(side, reach = 1) {
  const inner = side - 2 * MARGIN;
  return {
    x: (valence) => MARGIN + ((valence / reach + 1) / 2) * inner,
    y: (arousal) => MARGIN + ((1 - arousal / reach) / 2) * inner,
    valence: (x) => (((x - MARGIN) / inner) * 2 - 1) * reach,
    arousal: (y) => (1 - ((y - MARGIN) / inner) * 2) * reach,
  };
}

// The four quarters.
export function drawPlane(context, side, colors) {
  const half = side / 2;
  const corners = { Q1: [half, 0], Q2: [0, 0], Q3: [0, half], Q4: [half, half] };
  context.save();
  context.beginPath();
  context.roundRect(0, 0, side, side, 10);
  context.clip();
  for (const [name, [left, top]] of Object.entries(corners)) {
    context.globalAlpha = 0.1;
    context.fillStyle = colors.of(name);
    context.fillRect(left, top, half, half);
  }
  context.globalAlpha = 1;
  context.fillStyle = colors.card;
  context.fillRect(half - 1, 0, 2, side);
  context.fillRect(0, half - 1, side, 2);
  context.restore();
}

// What the quarters and the ends of the axes are called, to be read above dots too.
export function drawNames(context, side, colors) {
  const [half, end] = [side / 2, side - 10];
  const write = (text, x, y, align, baseline) => {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  };
  context.strokeStyle = colors.card;
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.fillStyle = colors.ink;
  context.font = `600 12px ${colors.font}`;
  write(QUADRANTS.Q1, end, 10, "right", "top");
  write(QUADRANTS.Q2, 10, 10, "left", "top");
  write(QUADRANTS.Q3, 10, end, "left", "bottom");
  write(QUADRANTS.Q4, end, end, "right", "bottom");
  context.fillStyle = colors.faint;
  context.font = `11.5px ${colors.font}`;
  write("unpleasant", 10, half - 5, "left", "bottom");
  write("pleasant", end, half - 5, "right", "bottom");
  write("excited", half - 6, 10, "right", "top");
  write("calm", half - 6, end, "right", "bottom");
}

// The way that a song takes, thin where it begins and strong where it ends.
export function drawPath(context, side, windows, colors) {
  const place = placer(side);
  const points = windows.valence.map((valence, number) => [place.x(valence), place.y(windows.arousal[number])]);
  context.strokeStyle = colors.ink;
  context.lineJoin = context.lineCap = "round";
  context.lineWidth = 1.5;
  for (let number = 1; number < points.length; number++) {
    context.globalAlpha = 0.12 + (0.5 * number) / points.length;
    context.beginPath();
    context.moveTo(...points[number - 1]);
    context.lineTo(...points[number]);
    context.stroke();
  }
  context.globalAlpha = 1;
}

export class Plane {
  #windows;
  #player;
  #picture;
  #dot;

  constructor(song, player) {
    this.#windows = song.windows;
    this.#player = player;
    this.#picture = new Canvas((context, { width, colors }) => {
      drawPlane(context, width, colors);
      drawNames(context, width, colors);
      drawPath(context, width, song.windows, colors);
    });
    this.#dot = new Canvas((context, { width, colors }) => this.#drawDot(context, width, colors));
    this.element = h("div", { class: "plane", role: "img" }, this.#picture.element, this.#dot.element);
    this.update();
  }

  update() {
    const { valence, arousal } = this.#windows.placeAt(this.#player.positionS);
    const name = QUADRANTS[quadrantOf(valence, arousal)].toLowerCase();
    const now = `now ${name}: valence ${signed(valence)}, arousal ${signed(arousal)}`;
    this.element.dataset.valence = valence.toFixed(4);
    this.element.dataset.arousal = arousal.toFixed(4);
    this.element.setAttribute("aria-label", `The song's path through valence and arousal; ${now}`);
    this.#dot.redraw();
  }

  close() {
    this.#picture.close();
    this.#dot.close();
  }

  #drawDot(context, side, colors) {
    const { valence, arousal } = this.#windows.placeAt(this.#player.positionS);
    const place = placer(side);
    context.beginPath();
    context.arc(place.x(valence), place.y(arousal), 8, 0, 2 * Math.PI);
    context.fillStyle = colors.of(quadrantOf(valence, arousal));
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = colors.card;
    context.stroke();
    context.beginPath();
    context.arc(place.x(valence), place.y(arousal), 9.5, 0, 2 * Math.PI);
    context.lineWidth = 1.5;
    context.strokeStyle = colors.ink;
    context.stroke();
  }
}

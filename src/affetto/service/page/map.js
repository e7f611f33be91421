// The mood map: a dot a song; pointing names it, a click plays it, a line makes a playlist.

import { Canvas } from "./canvas.js";
import { h } from "./dom.js";
import { signed } from "./format.js";
import { Grid } from "./grid.js";
import { QUADRANTS, quadrantOf } from "./moods.js";
import { drawNames, drawPlane, placer } from "./plane.js";
import { isInside, lengthOf } from "./shapes.js";

const NEAR_PX = 14;
const CLICK_PX = 5;
const HINTS = {
  look: "Click a dot to play it.",
  lasso: "Draw around songs.",
  path: "Draw a way to follow.",
};

export class MoodMap {
  #songs = { ids: [], names: [], artists: [], valence: [], arousal: [] };
  #selected = null; // numbers of songs, in the order of a playlist
  #isWay = false;
  #playing = null;
  #reach = 1;
  #grid = null;
  #line = null;
  #over = null;
  #mode;
  #told;
  #dots;
  #above;
  #name;
  #box;

  // `told` has play(number), lassoed(numbers) and drawn(line of [valence, arousal]).
  constructor(told) {
    this.#told = told;
    this.#mode = window.matchMedia("(pointer: coarse)").matches ? "look" : "lasso";
    this.#dots = new Canvas((context, size) => this.#drawDots(context, size));
    this.#above = new Canvas((context, size) => this.#drawAbove(context, size));
    this.#name = h("p", { class: "name", "aria-live": "off" });
    const hint = h("span", { class: "hint" });
    const modes = Object.entries({ look: "Look", lasso: "Lasso", path: "Path" }).map(([mode, title]) => {
      const input = h("input", { type: "radio", name: "mode", value: mode, checked: mode === this.#mode });
      input.addEventListener("change", () => choose(mode));
      return h("label", {}, input, h("span", {}, title));
    });
    const choose = (mode) => {
      this.#mode = mode;
      hint.textContent = HINTS[mode];
      this.#box.classList.toggle("is-drawing", mode !== "look");
    };
    this.#box = h(
      "div",
      {
        class: "dots", role: "img",
        onpointerdown: (event) => this.#down(event),
        onpointermove: (event) => this.#move(event),
        onpointerup: (event) => this.#up(event),
        onpointercancel: () => this.#give(null),
        onpointerleave: () => this.#point(null),
      },
      this.#dots.element,
      this.#above.element,
    );
    this.element = h(
      "section",
      { class: "map card", "aria-label": "Mood map" },
      h("div", { class: "tools", role: "radiogroup", "aria-label": "What dragging does" }, ...modes, hint),
      this.#box,
      this.#name,
    );
    choose(this.#mode);
  }

  // Show songs (columns), and how many there are in the library beside those.
  show(songs) {
    this.#songs = songs;
    const farthest = Math.max(...[0.35], ...blocks(songs.valence), ...blocks(songs.arousal));
    this.#reach = Math.min(1, Math.ceil((farthest + 0.02) * 20) / 20);
    const scaled = (values) => values.map((value) => value / this.#reach);
    this.#grid = new Grid(scaled(songs.valence), scaled(songs.arousal));
    this.#over = null;
    this.#box.dataset.reach = this.#reach;
    this.#box.setAttribute("aria-label", `${songs.ids.length} songs by valence and arousal`);
    this.select(null);
    this.#point(null);
  }

  select(numbers, isWay = false) {
    this.#selected = numbers;
    this.#isWay = isWay;
    this.#dots.redraw();
    this.#above.redraw();
  }

  set playing(id) {
    const number = this.#songs.ids.indexOf(id);
    this.#playing = number < 0 ? null : number;
    this.#above.redraw();
  }

  close() {
    this.#dots.close();
    this.#above.close();
  }

  #place(event) {
    const box = this.#box.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top, side: box.width };
  }

  #at(event) {
    if (this.#grid === null) return null;
    const { x, y, side } = this.#place(event);
    const place = placer(side);
    return this.#grid.nearest(place.valence(x), place.arousal(y), (NEAR_PX * 2) / side);
  }

  #down(event) {
    if (event.button !== 0) return;
    const { x, y } = this.#place(event);
    this.#line = [[x, y]];
    if (this.#mode !== "look") this.#box.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (this.#line !== null && this.#mode !== "look") {
      const { x, y } = this.#place(event);
      this.#line.push([x, y]);
      this.#above.redraw();
    }
    this.#point(this.#at(event));
  }

  #up(event) {
    if (this.#line === null) return;
    const { x, y, side } = this.#place(event);
    const line = [...this.#line, [x, y]];
    this.#give(null);
    if (lengthOf(line) < CLICK_PX) {
      const number = this.#at(event);
      if (number !== null) this.#told.play(number);
      return;
    }
    if (this.#mode === "look") return;
    const place = placer(side, this.#reach);
    const there = line.map(([across, down]) => [place.valence(across), place.arousal(down)]);
    if (this.#mode === "path") this.#told.drawn(there);
    else this.#told.lassoed(this.#inside(there));
  }

  #give(line) {
    this.#line = line;
    this.#above.redraw();
  }

  #inside(polygon) {
    const { valence, arousal } = this.#songs;
    return [...valence.keys()].filter((number) => isInside(polygon, valence[number], arousal[number]));
  }

  #point(number) {
    this.#over = number;
    if (number === null) {
      this.#name.replaceChildren(h("span", { class: "faint" }, "Point at a dot to read its name."));
    } else {
      const { names, artists, valence, arousal } = this.#songs;
      const quadrant = quadrantOf(valence[number], arousal[number]);
      const said = `${QUADRANTS[quadrant]} · valence ${signed(valence[number])} · arousal ${signed(arousal[number])}`;
      this.#name.replaceChildren(
        h("b", {}, names[number]),
        artists[number] ? ` ${artists[number]}` : "",
        h("br"),
        h("span", { class: "faint numbers" }, said),
      );
    }
    this.#above.redraw();
  }

  #drawDots(context, { width, colors }) {
    drawPlane(context, width, colors);
    const { valence, arousal } = this.#songs;
    const n = valence.length;
    const place = placer(width, this.#reach);
    const radius = Math.min(5, Math.max(1.4, 130 / Math.sqrt(n + 400)));
    const strong = Math.min(0.9, Math.max(0.25, 40 / Math.sqrt(n + 1)));
    const isIn = this.#selected === null ? null : new Set(this.#selected);
    const stamps = Object.fromEntries(
      Object.keys(QUADRANTS).map((name) => [name, stamp(radius, colors.of(name))]),
    );
    const size = stamps.Q1.width / STAMP_SCALE;
    for (const isFront of [false, true]) {
      for (let number = 0; number < n; number++) {
        if ((isIn === null || isIn.has(number)) !== isFront) continue;
        context.globalAlpha = isFront ? (isIn === null ? strong : Math.max(strong, 0.85)) : 0.1;
        const dot = stamps[quadrantOf(valence[number], arousal[number])];
        const [x, y] = [place.x(valence[number]), place.y(arousal[number])];
        context.drawImage(dot, x - size / 2, y - size / 2, size, size);
      }
    }
    context.globalAlpha = 1;
    drawNames(context, width, colors);
  }

  #drawAbove(context, { width, colors }) {
    const place = placer(width, this.#reach);
    const { valence, arousal } = this.#songs;
    const spot = (number) => [place.x(valence[number]), place.y(arousal[number])];
    context.lineJoin = context.lineCap = "round";
    context.strokeStyle = colors.ink;
    context.lineWidth = 1.5;
    const stroke = (line, isClosed) => {
      context.beginPath();
      line.forEach(([x, y], number) => (number ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (isClosed) context.closePath();
      context.stroke();
    };
    if (this.#isWay && this.#selected?.length > 1) {
      stroke(this.#selected.map(spot), false);
      for (const number of this.#selected) this.#mark(context, number, 4, 1, spot, colors);
    }
    if (this.#line !== null && this.#mode !== "look") {
      context.setLineDash([5, 4]);
      if (this.#mode === "lasso") {
        context.fillStyle = colors.ink;
        context.globalAlpha = 0.06;
        context.beginPath();
        this.#line.forEach(([x, y], number) => (number ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.fill();
        context.globalAlpha = 1;
      }
      stroke(this.#line, this.#mode === "lasso");
      context.setLineDash([]);
    }
    for (const [number, radius] of [[this.#playing, 8], [this.#over, 6.5]]) {
      if (number !== null) this.#mark(context, number, radius, 2.5, spot, colors);
    }
  }

  #mark(context, number, radius, rim, spot, colors) {
    const { valence, arousal } = this.#songs;
    context.beginPath();
    context.arc(...spot(number), radius, 0, 2 * Math.PI);
    context.fillStyle = colors.of(quadrantOf(valence[number], arousal[number]));
    context.fill();
    context.lineWidth = rim;
    context.strokeStyle = colors.ink;
    context.stroke();
  }
}

const STAMP_SCALE = 3;

// A dot as a small picture: thousands are laid down far quicker than they are drawn.
function stamp(radius, color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(2 * (radius + 0.5)) * STAMP_SCALE;
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.beginPath();
  context.arc(canvas.width / 2, canvas.width / 2, radius * STAMP_SCALE, 0, 2 * Math.PI);
  context.fill();
  return canvas;
}

// The largest distances from zero, a block at a time: too many arguments overflow the stack.
function blocks(values) {
  const found = [];
  for (let first = 0; first < values.length; first += 10_000) {
    found.push(Math.max(...values.slice(first, first + 10_000).map(Math.abs)));
  }
  return found;
}

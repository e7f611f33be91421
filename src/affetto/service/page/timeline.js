// Waveform, heat map and curves above one axis of time, on which a click seeks.

import { Canvas } from "./canvas.js";
import { drawCurves } from "./curves.js";
import { h } from "./dom.js";
import { clock, spokenClock } from "./format.js";
import { drawHeatmap } from "./heatmap.js";
import { byImportance } from "./windows.js";
import { drawWaveform } from "./waveform.js";

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const RIGHT = 6;

// Where the parts are, for a width; `boxes` in CSS pixels.
export function layout(width, nTags) {
  const isNarrow = width < 560;
  const left = isNarrow ? 88 : 118;
  const rowHeight = isNarrow ? 16 : 20;
  const across = { left, width: width - left - RIGHT };
  const heat = { ...across, top: 96, height: nTags * rowHeight };
  const curves = { ...across, top: heat.top + heat.height + 14, height: 92 };
  const axis = { ...across, top: curves.top + curves.height + 4, height: 22 };
  return { wave: { ...across, top: 4, height: 80 }, heat, curves, axis, rowHeight, height: axis.top + axis.height };
}

// Paint all of it, on the page or in a picture to keep.
export function drawTimeline(context, width, { prediction, windows, titles, peaks, playedShare }, colors) {
  const order = byImportance(prediction);
  const parts = layout(width, order.length);
  const xOf = (seconds) => parts.wave.left + (seconds / windows.durationS) * parts.wave.width;
  drawWaveform(context, parts.wave, peaks, playedShare, colors);
  drawHeatmap(context, parts.heat, { windows, order, titles, xOf, rowHeight: parts.rowHeight }, colors);
  drawCurves(context, parts.curves, { windows, xOf }, colors);
  drawAxis(context, parts.axis, windows.durationS, xOf, colors);
}

function drawAxis(context, box, durationS, xOf, colors) {
  const step = STEPS_S.find((each) => (each / durationS) * box.width >= 56) ?? 7200;
  context.font = `11.5px ${colors.font}`;
  context.fillStyle = colors.faint;
  context.textBaseline = "top";
  for (let seconds = 0; seconds <= durationS; seconds += step) {
    const x = xOf(seconds);
    context.textAlign = seconds === 0 ? "left" : x > box.left + box.width - 16 ? "right" : "center";
    context.fillText(clock(seconds), x, box.top + 4);
  }
}

export class Timeline {
  #state;
  #player;
  #picture;
  #head;
  #hoverS = null;
  #playedPixels = -1;

  constructor(song, titles, player) {
    const { prediction, windows } = song;
    const nTags = Object.keys(prediction.tags).length;
    this.#player = player;
    this.#state = { prediction, windows, titles, peaks: null, playedShare: 0 };
    this.#picture = new Canvas(
      (context, { width, colors }) => drawTimeline(context, width, this.#state, colors),
      { height: (width) => layout(width, nTags).height },
    );
    this.#head = new Canvas((context, size) => this.#drawHead(context, size, nTags));
    this.element = h(
      "div",
      {
        class: "timeline", role: "slider", tabindex: 0, "aria-label": "Position in the song",
        "aria-valuemin": 0, "aria-valuemax": Math.round(windows.durationS), "aria-valuenow": 0,
        onpointerdown: (event) => this.#seek(event),
        onpointermove: (event) => this.#hover(event),
        onpointerleave: () => this.#hover(null),
      },
      this.#picture.element,
      this.#head.element,
    );
    this.update();
  }

  set peaks(peaks) {
    this.#state.peaks = peaks;
    this.element.dataset.waveform = peaks === null ? "none" : "there";
    this.#picture.redraw();
  }

  update() {
    const { durationS } = this.#state.windows;
    const seconds = this.#player.positionS;
    this.element.setAttribute("aria-valuenow", Math.round(seconds));
    this.element.setAttribute("aria-valuetext", `${spokenClock(seconds)} of ${spokenClock(durationS)}`);
    this.#state.playedShare = seconds / durationS;
    const pixels = Math.round((this.#state.playedShare * this.element.clientWidth) / 3);
    if (pixels !== this.#playedPixels) this.#picture.redraw();
    this.#playedPixels = pixels;
    this.#head.redraw();
  }

  close() {
    this.#picture.close();
    this.#head.close();
  }

  #secondsAt(event) {
    const box = this.element.getBoundingClientRect();
    const { left, width } = layout(box.width, 0).wave;
    const share = (event.clientX - box.left - left) / width;
    return Math.min(1, Math.max(0, share)) * this.#state.windows.durationS;
  }

  #seek(event) {
    if (event.button !== 0) return;
    this.#player.seek(this.#secondsAt(event));
  }

  #hover(event) {
    this.#hoverS = event === null ? null : this.#secondsAt(event);
    if (event?.buttons === 1) this.#player.seek(this.#hoverS);
    this.#head.redraw();
  }

  #drawHead(context, { width, colors }, nTags) {
    const { wave, curves } = layout(width, nTags);
    const { durationS } = this.#state.windows;
    const line = (seconds, color, thickness) => {
      const x = wave.left + (seconds / durationS) * wave.width;
      context.fillStyle = color;
      context.fillRect(x - thickness / 2, wave.top, thickness, curves.top + curves.height - wave.top);
      return x;
    };
    if (this.#hoverS !== null) line(this.#hoverS, colors.faint, 1);
    const x = line(this.#player.positionS, colors.ink, 2);
    context.beginPath();
    context.arc(x, wave.top + 1, 4.5, 0, 2 * Math.PI);
    context.fill();
  }
}

// A song's charts as one picture to keep, always on light paper.

import { clock, signed } from "./format.js";
import { QUADRANTS } from "./moods.js";
import { drawNames, drawPath, drawPlane } from "./plane.js";
import { drawTimeline, layout } from "./timeline.js";

const WIDTH = 1000;
const SCALE = 2;
const SIDE = 300;
const LIGHT = {
  paper: "#faf9f7", card: "#ffffff", sunk: "#f1efeb", ink: "#20242a", faint: "#5d646e", rule: "#dedad3",
  q1: "#d99400", q2: "#c9482c", q3: "#2a62ad", q4: "#0f9474", valence: "#8a4fb5", arousal: "#20242a",
  wave: "#a9aeb6", played: "#a9aeb6", font: "system-ui, sans-serif",
  of: (quadrant) => (quadrant ? LIGHT[quadrant.toLowerCase()] : LIGHT.faint),
};

export function picture(song, titles, peaks) {
  const { prediction, windows } = song;
  const nTags = Object.keys(prediction.tags).length;
  const across = WIDTH - SIDE - 80;
  const tall = Math.max(layout(across, nTags).height, SIDE) + 130;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * SCALE;
  canvas.height = tall * SCALE;
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = LIGHT.card;
  context.fillRect(0, 0, WIDTH, tall);
  context.fillStyle = LIGHT.ink;
  context.textBaseline = "top";
  context.font = `650 24px ${LIGHT.font}`;
  context.fillText(song.title, 30, 28, WIDTH - 60);
  context.font = `14px ${LIGHT.font}`;
  context.fillStyle = LIGHT.faint;
  const facts = [
    song.artist,
    `${prediction.quadrant} ${QUADRANTS[prediction.quadrant]}`,
    `valence ${signed(prediction.valence)}`,
    `arousal ${signed(prediction.arousal)}`,
    clock(prediction.duration_s),
    prediction.bundle,
  ];
  context.fillText(facts.filter(Boolean).join("   ·   "), 30, 62, WIDTH - 60);
  context.translate(30, 100);
  drawTimeline(context, across, { prediction, windows, titles, peaks, playedShare: 0 }, LIGHT);
  context.translate(across + 20, 4);
  drawPlane(context, SIDE, LIGHT);
  drawNames(context, SIDE, LIGHT);
  drawPath(context, SIDE, windows, LIGHT);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// The page of one song: files in, and their emotions as they play.

import { announce, h, problemBox, sentence } from "./dom.js";
import { downloads } from "./downloads.js";
import { clock, signed, stem } from "./format.js";
import { Moment } from "./moment.js";
import { QUADRANTS, tags } from "./moods.js";
import { picker } from "./picker.js";
import { Plane } from "./plane.js";
import { player } from "./player.js";
import { queue } from "./queue.js";
import { ofTrack } from "./songs.js";
import { Timeline } from "./timeline.js";
import { outline } from "./waveform.js";

let chosen = null; // the entry of the queue that is shown

export function songPage(trackId) {
  const element = h("div", { class: "song-page" });
  const chips = h("div", {});
  const body = h("div", {});
  const ended = new AbortController();
  let parts = [];
  let shown = null;
  element.append(chips, body);

  function clear() {
    for (const part of parts) part.close();
    parts = [];
  }

  function refresh() {
    showChips(chips, choose);
    if (trackId) return;
    chosen ??= queue.entries[0] ?? null;
    if (chosen === null) {
      if (shown !== "empty") body.replaceChildren(dropZone(), picker());
      shown = "empty";
    } else if (chosen.song !== null) {
      if (shown !== chosen.song) show(chosen.song);
    } else if (chosen.problem !== null) {
      clear();
      shown = chosen;
      body.replaceChildren(failure(chosen));
    } else {
      const waiting = shown === chosen ? body.firstChild : waitingFor(chosen);
      waiting.querySelector("progress").value = chosen.share;
      waiting.querySelector(".state").textContent = stateOf(chosen);
      if (shown !== chosen) {
        clear();
        body.replaceChildren(waiting);
      }
      shown = chosen;
    }
  }

  function choose(entry) {
    chosen = entry;
    if (trackId) window.location.hash = "#/song";
    else refresh();
  }

  async function show(song) {
    clear();
    shown = song;
    let titles = {};
    try {
      titles = await tags();
    } catch {
      // names of tags are made from their slugs
    }
    if (ended.signal.aborted || shown !== song) return;
    player.load(song);
    const timeline = new Timeline(song, titles, player);
    const plane = new Plane(song, player);
    const moment = new Moment(song, titles, player);
    let peaks = null;
    parts = [timeline, plane, moment];
    body.replaceChildren(
      h(
        "article",
        { class: "song" },
        heading(song),
        h("section", { class: "time card", "aria-label": "Over time" }, timeline.element),
        h(
          "div",
          { class: "side" },
          h("section", { class: "card", "aria-label": "Valence and arousal" }, plane.element),
          moment.element,
        ),
        downloads(song, titles, () => peaks),
      ),
    );
    announce(`${song.title}: ${QUADRANTS[song.quadrant].toLowerCase()}`);
    try {
      peaks = await outline(await song.bytes(), song.durationS);
    } catch {
      // a file that cannot be fetched has no outline
    }
    timeline.peaks = peaks;
  }

  player.addEventListener("time", () => parts.forEach((part) => part.update()), { signal: ended.signal });
  queue.addEventListener("change", refresh, { signal: ended.signal });
  refresh();
  if (trackId) {
    ofTrack(encodeURIComponent(trackId)).then(
      (song) => !ended.signal.aborted && show(player.song?.key === song.key ? player.song : song),
      (problem) => body.replaceChildren(problemBox(problem)),
    );
  }
  return {
    element,
    close: () => {
      ended.abort();
      clear();
    },
  };
}

function fileInput() {
  return h("input", {
    type: "file", multiple: true, hidden: true, "aria-label": "Music files",
    onchange: (event) => take(event.target.files),
  });
}

// Files that were chosen or dropped anywhere on the page.
export function take(files) {
  if (files.length === 0) return;
  const [first] = queue.add(files);
  if (chosen === null || queue.nOpen === files.length) chosen = first;
  if (!/^#\/song$|^$/.test(window.location.hash)) window.location.hash = "#/song";
  queue.dispatchEvent(new Event("change"));
}

function dropZone() {
  const input = fileInput();
  return h(
    "section",
    { class: "drop" },
    h(
      "div",
      {},
      h("img", { class: "swirl", src: "page/icon.svg", alt: "", width: 108, height: 108 }),
      h("h1", {}, "Hear the emotion move"),
      h("p", {}, "Drop songs here. While one plays, you see what it feels like and how that changes."),
      h("button", { class: "main", onclick: () => input.click() }, "Choose files"),
      input,
    ),
  );
}

function showChips(place, choose) {
  place.hidden = queue.entries.length === 0;
  if (place.hidden) return;
  if (place.firstChild === null) {
    const input = fileInput();
    place.append(
      h(
        "section",
        { class: "queue", "aria-label": "Your files" },
        h("ul", { class: "songs", tabindex: 0, "aria-label": "Your files" }),
        h("button", { onclick: () => input.click() }, "Add songs"),
        input,
      ),
    );
  }
  const list = place.querySelector("ul");
  queue.entries.forEach((entry, number) => {
    const item =
      list.children[number] ??
      list.appendChild(h("li", {}, h("button", { onclick: () => choose(entry) }, h("span", {}, stem(entry.file.name)))));
    const button = item.firstChild;
    const quadrant = entry.song?.quadrant.toLowerCase();
    const isOver = entry.song !== null || entry.problem !== null;
    button.className = `${quadrant ? `badge ${quadrant}` : entry.state}${isOver ? " is-over" : ""}`;
    button.style.setProperty("--done", entry.share);
    button.setAttribute("aria-label", `${entry.file.name}: ${stateOf(entry)}`);
    if (entry === chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

function stateOf(entry) {
  const words = {
    waiting: "waits for its turn",
    sending: "on its way",
    scoring: "listening",
    done: entry.song ? QUADRANTS[entry.song.quadrant].toLowerCase() : "",
    failed: "failed",
  };
  return words[entry.state];
}

function waitingFor(entry) {
  return h(
    "section",
    { class: "waiting card" },
    h(
      "div",
      {},
      h("h1", {}, stem(entry.file.name)),
      h("p", { class: "state faint" }),
      h("progress", { max: 1, value: 0, "aria-label": "Progress" }),
    ),
  );
}

function failure(entry) {
  return h("section", { class: "card" }, h("h1", {}, entry.file.name), problemBox(entry.problem));
}

function heading(song) {
  const { valence, arousal, uncertainty, duration_s: durationS } = song.prediction;
  return h(
    "header",
    {},
    h("h1", {}, song.title),
    h(
      "div",
      { class: "facts numbers" },
      ...quadrantFacts(song.prediction),
      h("span", {}, `valence ${signed(valence)}${spread(uncertainty?.valence)}`),
      h("span", {}, `arousal ${signed(arousal)}${spread(uncertainty?.arousal)}`),
      h("span", {}, [song.artist, clock(durationS)].filter(Boolean).join(" · ")),
    ),
    notices(song.prediction.warnings),
  );
}

// What does not sound like music gets no mood; a quadrant that the others together outweigh, or
// near an axis where no probabilities are known, is doubtful.
function quadrantFacts({ valence, arousal, quadrant, quadrant_probabilities: likely, uncertainty, warnings }) {
  if (warnings.some(({ code }) => code === "not-music")) return [h("span", { class: "badge" }, "Not music?")];
  const isSure = likely
    ? likely[quadrant] >= 0.5
    : !uncertainty || (Math.abs(valence) >= uncertainty.valence && Math.abs(arousal) >= uncertainty.arousal);
  const said = [QUADRANTS[quadrant], likely && percent(likely[quadrant]), isSure ? "" : "(unsure)"];
  const badge = h("span", { class: `badge ${quadrant.toLowerCase()}` }, said.filter(Boolean).join(" "));
  if (!likely) return [badge];
  const others = Object.keys(likely).filter((name) => name !== quadrant);
  others.sort((one, other) => likely[other] - likely[one]);
  const rest = others.map((name) => `${QUADRANTS[name].toLowerCase()} ${percent(likely[name])}`);
  return [badge, h("span", {}, `else ${rest.join(" · ")}`)];
}

function percent(share) {
  return share > 0 && share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`;
}

function spread(error) {
  return error === undefined ? "" : ` ± ${error.toFixed(2)}`;
}

function notices(warnings) {
  if (warnings.length === 0) return null;
  return h("ul", { class: "notices faint" }, ...warnings.map(({ message }) => h("li", {}, sentence(message))));
}

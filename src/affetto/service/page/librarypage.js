// The page of the library: map, search, list, playlists.

import { api } from "./api.js";
import { announce, h, problemBox, save } from "./dom.js";
import { clock, counted, length } from "./format.js";
import { MoodMap } from "./map.js";
import { quadrantOf } from "./moods.js";
import { player } from "./player.js";
import { resampled } from "./shapes.js";
import { playTrack } from "./songs.js";
import { VirtualList } from "./virtuallist.js";

const PAUSE_MS = 250;
const N_PLACES = 8; // of a way that is drawn
const MAX_SONGS = 20_000; // of a playlist

let query = ""; // stays while the other pages are looked at

export function libraryPage() {
  const ended = new AbortController();
  const element = h("div", {});
  let songs = { ids: [] };
  let selected = null; // numbers of songs, or null for all
  let turn = 0;
  let timer = 0;

  const said = h("div", { class: "said" });
  const search = h("input", {
    type: "search", id: "query", value: query, spellcheck: "false", autocomplete: "off",
    placeholder: "calm > 0.6 and not sad", "aria-describedby": "said",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE_MS);
    },
  });
  said.id = "said";
  const title = h("h2", {});
  const clear = h("button", { hidden: true, onclick: () => choose(null) }, "Show all");
  const keep = h("button", { class: "main", onclick: () => download() }, "Save playlist");
  const map = new MoodMap({ play, lassoed, drawn });
  const list = new VirtualList("Songs", { fill, open: (row) => play(numberOf(row)) });
  const page = h(
    "div",
    { class: "library" },
    h(
      "header",
      {},
      h("h1", {}, "Library"),
      h("div", {}, h("label", { for: "query", class: "quiet" }, "Search by mood, artist, title"), search),
    ),
    said,
    map.element,
    h("section", { class: "list card", "aria-label": "Songs" }, h("div", { class: "head" }, title, clear, keep), list.element),
  );
  element.append(page);

  const numberOf = (row) => (selected === null ? row : selected[row]);

  async function look() {
    const mine = (turn += 1);
    query = search.value;
    try {
      const found = await api.get("/v1/map", { q: query });
      if (mine !== turn || ended.signal.aborted) return;
      songs = found;
      said.replaceChildren(
        h("span", { class: "faint" }, query ? `${counted(found.n_found, "song")} found` : "Search by mood, artist, year: tender and arousal < 0, artist ~ bach, year in 1990..1999"),
      );
      announce(`${counted(found.n_found, "song")}`);
      map.show(songs);
      choose(null);
      said.dataset.query = query;
      mark();
    } catch (problem) {
      if (mine !== turn || ended.signal.aborted) return;
      if (problem.code === "library-missing") element.replaceChildren(nothing());
      else said.replaceChildren(problemBox(problem));
    }
  }

  function choose(numbers, isWay = false) {
    selected = numbers;
    map.select(numbers, isWay);
    const n = numbers === null ? songs.ids.length : numbers.length;
    const shown = numbers ?? [...songs.ids.keys()];
    const totalS = shown.reduce((sum, number) => sum + songs.durations_s[number], 0);
    title.textContent = n ? `${counted(n, "song")}, ${length(totalS)}` : "No songs";
    clear.hidden = numbers === null;
    keep.disabled = n === 0 || n > MAX_SONGS;
    keep.title = n > MAX_SONGS ? `A playlist may have ${counted(MAX_SONGS, "song")}` : "";
    list.show(n);
    if (numbers !== null) announce(`${counted(n, "song")} chosen`);
  }

  function lassoed(numbers) {
    choose(numbers);
  }

  // The server finds songs along the way, as affetto playlist does.
  async function drawn(line) {
    const places = resampled(line, N_PLACES).map((place) => place.map((value) => Math.max(-1, Math.min(1, value)).toFixed(3)).join(","));
    try {
      const made = await api.get("/v1/playlists", {
        q: query, from: places[0], via: places.slice(1, -1), to: places[N_PLACES - 1],
      });
      const numbers = new Map(songs.ids.map((id, number) => [id, number]));
      choose(made.tracks.map((track) => numbers.get(track.id)).filter((number) => number !== undefined), true);
      said.replaceChildren(h("span", { class: "faint" }, "An hour along the way that you drew."));
    } catch (problem) {
      said.replaceChildren(problemBox(problem));
    }
  }

  async function play(number) {
    try {
      await playTrack(songs.ids[number]);
    } catch (problem) {
      said.replaceChildren(problemBox(problem));
    }
  }

  async function download() {
    const ids = selected === null ? songs.ids : selected.map((number) => songs.ids[number]);
    try {
      const body = JSON.stringify({ ids });
      const parameters = { title: query || "affetto", format: "m3u8" };
      save(await api.blob("/v1/playlists", { method: "POST", body, parameters }), "playlist.m3u8");
    } catch (problem) {
      said.replaceChildren(problemBox(problem));
    }
  }

  function fill(row, at) {
    const number = numberOf(at);
    row.classList.add(quadrantOf(songs.valence[number], songs.arousal[number]).toLowerCase());
    row.classList.toggle("is-playing", player.song?.key === `track-${songs.ids[number]}`);
    row.append(
      h("i"),
      h("div", {}, h("span", {}, songs.names[number]), h("span", {}, songs.artists[number] || "Unknown artist")),
      h("span", { class: "time numbers" }, clock(songs.durations_s[number])),
    );
  }

  let marked = null;
  function mark() {
    const key = player.song?.key ?? null;
    map.playing = key?.startsWith("track-") ? Number(key.slice(6)) : null;
    if (key !== marked) list.refresh();
    marked = key;
  }

  player.addEventListener("change", mark, { signal: ended.signal });
  look();
  return {
    element,
    close: () => {
      ended.abort();
      clearTimeout(timer);
      map.close();
      list.close();
    },
  };
}

function nothing() {
  return h(
    "section",
    { class: "nothing" },
    h("h1", {}, "There is no library yet"),
    h("p", { class: "faint" }, "Scan your music once, and every song becomes a dot on the mood map."),
    h("pre", { tabindex: 0 }, "affetto scan ~/Music"),
    h("button", { onclick: () => window.dispatchEvent(new HashChangeEvent("hashchange")) }, "Look again"),
  );
}

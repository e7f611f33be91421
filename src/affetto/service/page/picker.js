// Picking a song of the library by a part of its name.

import { api } from "./api.js";
import { h, problemBox } from "./dom.js";
import { stem } from "./format.js";

const N_SHOWN = 6;
const PAUSE_MS = 150;

export function picker() {
  const list = h("ul", { "aria-label": "Songs of the library" });
  let asked = 0;
  let timer = 0;
  const element = h(
    "section",
    { class: "picker", hidden: true },
    h("label", { for: "pick", class: "quiet" }, "Pick a song of your library"),
    h("input", {
      type: "search", id: "pick", placeholder: "Or pick one of your library",
      oninput: (event) => {
        clearTimeout(timer);
        timer = setTimeout(() => look(event.target.value), PAUSE_MS);
      },
    }),
    list,
  );

  async function look(text) {
    const turn = (asked += 1);
    try {
      const { tracks } = await api.get("/v1/tracks", { q: text, per_page: N_SHOWN });
      if (turn !== asked) return;
      element.hidden = text === "" && tracks.length === 0;
      list.replaceChildren(...tracks.map(row));
      if (tracks.length === 0) list.append(h("li", { class: "faint" }, "No song is called like that."));
    } catch (problem) {
      if (problem.code !== "library-missing") list.replaceChildren(h("li", {}, problemBox(problem)));
    }
  }

  function row(track) {
    const names = [track.title || stem(track.path), track.artist].filter(Boolean).join(" · ");
    const open = () => {
      window.location.hash = `#/song/${track.id}`;
    };
    return h(
      "li",
      {},
      h("button", { class: `badge ${track.quadrant.toLowerCase()}`, onclick: open }, h("span", {}, names)),
    );
  }

  look("");
  return element;
}

// Keeping what is said of a song: every format that the server writes, and a picture.

import { api } from "./api.js";
import { h, problemBox, save } from "./dom.js";
import { stem } from "./format.js";
import { picture } from "./picture.js";

export function downloads(song, titles, peaksOf) {
  const buttons = h("div", { class: "downloads" });
  const element = h("section", { class: "card", "aria-label": "Download" }, h("h2", {}, "Download"), buttons);
  const button = (name, summary, make) =>
    h(
      "button",
      {
        title: summary,
        "data-format": name,
        onclick: async () => {
          element.querySelector(".problem")?.remove();
          try {
            save(await make(), `${stem(song.name)}.${name}`);
          } catch (problem) {
            element.append(problemBox(problem));
          }
        },
      },
      name.toUpperCase(),
    );
  const png = button("png", "a picture of the charts", () => picture(song, titles, peaksOf()));
  buttons.append(png);
  api
    .get("/v1/formats")
    .then(({ results }) => {
      const made = results.map(({ name, summary }) => button(name, summary, () => song.result(name)));
      buttons.replaceChildren(...made, png);
    })
    .catch((problem) => element.append(problemBox(problem)));
  return element;
}

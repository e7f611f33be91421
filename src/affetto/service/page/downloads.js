// Keeping what is said of a song: every format that the server writes, and a picture.

import { api } from "./api.js";
import { h, problemBox, save } from "./dom.js";
import { stem } from "./format.js";
import { picture } from "./picture.js";

const FIRST = ["json", "csv", "jams"]; // the others come when they are asked for

export function downloads(song, titles, peaksOf) {
  const first = h("div", { class: "downloads" });
  const further = h("div", { class: "downloads" });
  const more = h("details", { hidden: true }, h("summary", {}, "More formats"), further);
  const element = h("section", { class: "keep card", "aria-label": "Download" }, h("h2", {}, "Download"), first, more);

  const button = ({ name, summary, suffix }, make) =>
    h(
      "button",
      {
        title: summary,
        "data-format": name,
        onclick: async () => {
          element.querySelector(".problem")?.remove();
          try {
            save(await make(), `${stem(song.name)}${suffix}`);
          } catch (problem) {
            element.append(problemBox(problem));
          }
        },
      },
      name.length > 5 ? name.charAt(0).toUpperCase() + name.slice(1) : name.toUpperCase(),
    );

  const png = { name: "png", summary: "a picture of the charts", suffix: ".png" };
  const pngButton = button(png, () => picture(song, titles, peaksOf()));
  first.append(pngButton);
  api
    .get("/v1/formats")
    .then(({ results }) => {
      for (const format of results) {
        const made = button(format, () => song.result(format.name));
        if (FIRST.includes(format.name)) pngButton.before(made);
        else further.append(made);
      }
      more.hidden = further.children.length === 0;
    })
    .catch((problem) => element.append(problemBox(problem)));
  return element;
}

// Songs as the pages share them: a file that was dropped, or one of the library.

import { api } from "./api.js";
import { stem } from "./format.js";
import { player } from "./player.js";
import { Windows } from "./windows.js";

// A song that is scored; what the player needs, what the charts need, where downloads come from.
export class Song {
  constructor({ key, name, title, artist, prediction, file = null, url = null, address, result }) {
    this.key = key;
    this.name = name;
    this.title = title;
    this.artist = artist;
    this.prediction = prediction;
    this.windows = new Windows(prediction);
    this.file = file;
    this.url = url;
    this.address = address;
    this.result = result; // of a format, as a Blob
  }

  get durationS() {
    return this.prediction.duration_s;
  }

  get quadrant() {
    return this.prediction.quadrant;
  }

  // The file's bytes, for its outline.
  async bytes() {
    return this.file ? this.file.arrayBuffer() : (await fetch(this.url)).arrayBuffer();
  }
}

let nFiles = 0;

export function ofFile(file, job, prediction) {
  const id = (nFiles += 1);
  return new Song({
    key: `file-${id}`,
    name: file.name,
    title: stem(file.name),
    artist: "",
    prediction,
    file,
    address: "#/song",
    result: (format) => resultOf(file, job, format),
  });
}

// Results are kept for a while; after that the file is scored once more.
async function resultOf(file, job, format) {
  try {
    return await api.blob(`${job.url}/result`, { parameters: { format, timeline: 1 } });
  } catch (problem) {
    if (problem.code !== "job-unknown") throw problem;
    const parameters = { format, timeline: 1, filename: file.name };
    return api.blob("/v1/predict", { method: "POST", body: file, parameters });
  }
}

export async function ofTrack(id) {
  const path = `/v1/tracks/${id}`;
  const [track, prediction] = await Promise.all([
    api.get(path),
    api.get(`${path}/result`, { timeline: 1 }),
  ]);
  return new Song({
    key: `track-${id}`,
    name: track.path,
    title: track.title || stem(track.path),
    artist: [track.artist, track.album].filter(Boolean).join(" · "),
    prediction,
    url: api.open(`${path}/audio`),
    address: `#/song/${id}`,
    result: (format) => api.blob(`${path}/result`, { parameters: { format, timeline: 1 } }),
  });
}

// Play a song of the library, from its row of the map.
export async function playTrack(id) {
  const song = await ofTrack(id);
  player.load(song);
  await player.play();
}

// Files on their way through the server: two at a time, in the order in which they came.

import { api, Problem } from "./api.js";
import { ofFile } from "./songs.js";

const AT_A_TIME = 2;
const RETRY_S = 5;

class Queue extends EventTarget {
  entries = []; // {file, state, share, song, problem}; waiting, sending, scoring, done, failed
  #nRunning = 0;

  add(files) {
    const added = [...files].map((file) => ({ file, state: "waiting", share: 0, song: null, problem: null }));
    this.entries.push(...added);
    this.#changed();
    while (this.#nRunning < AT_A_TIME && this.#next()) this.#run();
    return added;
  }

  get nOpen() {
    return this.entries.filter((entry) => !["done", "failed"].includes(entry.state)).length;
  }

  #next() {
    return this.entries.find((entry) => entry.state === "waiting");
  }

  async #run() {
    this.#nRunning += 1;
    for (let entry = this.#next(); entry; entry = this.#next()) {
      try {
        await this.#score(entry);
        entry.state = "done";
      } catch (error) {
        entry.problem = error instanceof Problem ? error : new Problem({ detail: String(error), hint: "" });
        entry.state = "failed";
      }
      this.#changed();
    }
    this.#nRunning -= 1;
  }

  async #score(entry) {
    entry.state = "sending";
    await readable(entry.file);
    const job = await this.#send(entry);
    entry.state = "scoring";
    this.#changed();
    const prediction = await api.follow(job, ({ progress }) => {
      const share = progress.expected_s ? progress.done_s / progress.expected_s : 0;
      entry.share = 0.2 + 0.8 * Math.min(1, share);
      this.#changed();
    });
    entry.song = ofFile(entry.file, job, prediction);
  }

  // A full queue on the server is no failure: it says when to come again.
  async #send(entry) {
    for (;;) {
      entry.state = "sending";
      try {
        return await api.send(entry.file, (share) => {
          entry.share = 0.2 * share;
          this.#changed();
        });
      } catch (problem) {
        if (!["queue-full", "too-many-uploads"].includes(problem.code)) throw problem;
        await new Promise((done) => setTimeout(done, 1000 * (problem.retryS || RETRY_S)));
      }
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

// A folder looks like a file until it is read.
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem({ detail: `${file.name}: it cannot be read`, hint: "drop songs, not their folder" });
  }
}

export const queue = new Queue();

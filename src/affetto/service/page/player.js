// What plays: one audio element for all pages, and a position even where nothing can be played.

import { api } from "./api.js";

const STEP_S = 5;
const LEAP_S = 30;

class Player extends EventTarget {
  #audio = new Audio();
  #positionS = 0;
  #frame = 0;
  #url = null;

  song = null; // {key, title, artist, name, durationS, file or url, quadrant, address}
  isPlayable = true;
  problem = null; // why the server gives no sound, if it is not the browser that cannot play it

  constructor() {
    super();
    this.#audio.preload = "metadata";
    for (const name of ["play", "pause", "ended", "loadedmetadata"]) {
      this.#audio.addEventListener(name, () => this.#changed());
    }
    this.#audio.addEventListener("seeked", () => this.#tick());
    this.#audio.addEventListener("error", () => this.#refuse());
  }

  get isPlaying() {
    return this.song !== null && this.isPlayable && !this.#audio.paused && !this.#audio.ended;
  }

  get positionS() {
    return this.isPlayable ? this.#audio.currentTime || this.#positionS : this.#positionS;
  }

  get durationS() {
    return this.song?.durationS ?? 0;
  }

  load(song) {
    if (this.song?.key === song.key) return;
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = song.file ? URL.createObjectURL(song.file) : null;
    this.song = song;
    this.isPlayable = true;
    this.problem = null;
    this.#positionS = 0;
    this.#audio.src = this.#url ?? song.url;
    this.#changed();
  }

  async play() {
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name === "NotSupportedError") await this.#refuse();
    }
  }

  pause() {
    this.#audio.pause();
  }

  toggle() {
    if (this.song === null || !this.isPlayable) return;
    if (this.isPlaying) this.pause();
    else this.play();
  }

  seek(seconds) {
    this.#positionS = Math.min(Math.max(0, seconds), Math.max(0, this.durationS - 0.01));
    if (this.isPlayable && this.#audio.readyState > 0) this.#audio.currentTime = this.#positionS;
    this.#tick();
  }

  // What a key does; those that scroll a page mean the player only on its own slider.
  key(event, isOnSlider) {
    if (this.song === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: -STEP_S, ArrowRight: STEP_S };
    if (isOnSlider) Object.assign(steps, { PageDown: -LEAP_S, PageUp: LEAP_S, Home: -Infinity, End: Infinity });
    if (event.key in steps) this.seek(this.positionS + steps[event.key]);
    else if (event.key === " ") this.toggle();
    else return;
    event.preventDefault();
  }

  async #refuse() {
    const { song } = this;
    if (song === null || !this.isPlayable) return;
    this.isPlayable = false;
    const problem = song.url ? await api.whyNot(song.url) : null;
    if (song !== this.song) return;
    this.problem = problem;
    this.#changed();
  }

  #changed() {
    if (this.isPlayable && this.#positionS > 0 && this.#audio.readyState > 0 && !this.#audio.currentTime) {
      this.#audio.currentTime = this.#positionS; // was sought before the sound was there
    }
    this.dispatchEvent(new Event("change"));
    this.#tick();
  }

  #tick() {
    cancelAnimationFrame(this.#frame);
    this.dispatchEvent(new Event("time"));
    if (this.isPlaying) this.#frame = requestAnimationFrame(() => this.#tick());
  }
}

export const player = new Player();

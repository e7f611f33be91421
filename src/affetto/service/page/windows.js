// A prediction's windows as the charts need them: each moment belongs to one.

export class Windows {
  constructor(prediction) {
    const { timeline } = prediction;
    this.durationS = prediction.duration_s;
    this.n = timeline.start_s.length;
    this.weight = timeline.weight;
    this.tags = timeline.tags;
    this.centersS = timeline.start_s.map((start, number) => (start + timeline.end_s[number]) / 2);
    this.valence = timeline.valence ?? this.centersS.map(() => prediction.valence);
    this.arousal = timeline.arousal ?? this.centersS.map(() => prediction.arousal);
  }

  // Where a window's part of the picture begins: half way to the one before.
  edgeS(number) {
    if (number <= 0) return 0;
    if (number >= this.n) return this.durationS;
    return (this.centersS[number - 1] + this.centersS[number]) / 2;
  }

  at(seconds) {
    let [low, high] = [0, this.n - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.edgeS(middle) <= seconds) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Valence and arousal at a moment, straight from one window's center to the next.
  placeAt(seconds) {
    let after = this.centersS.findIndex((center) => center > seconds);
    if (after < 0) after = this.n;
    if (after === 0 || after === this.n) {
      const only = Math.min(after, this.n - 1);
      return { valence: this.valence[only], arousal: this.arousal[only] };
    }
    const from = after - 1;
    const share = (seconds - this.centersS[from]) / (this.centersS[after] - this.centersS[from]);
    const between = (values) => values[from] + share * (values[after] - values[from]);
    return { valence: between(this.valence), arousal: between(this.arousal) };
  }
}

// Tags by how much they matter in this song: the chosen first, then by score.
export function byImportance(prediction) {
  const chosen = new Set(prediction.chosen);
  return Object.keys(prediction.tags).sort(
    (one, other) =>
      chosen.has(other) - chosen.has(one) || prediction.tags[other] - prediction.tags[one],
  );
}

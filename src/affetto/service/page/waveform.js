// The outline of a song's sound, decoded by the browser.

const RATES_HZ = [8000, 22050, 44100]; // the first that the browser takes is enough
const N_COLUMNS = 1200;
const MAX_BYTES = 80e6;
const MAX_S = 3600;

// Give peaks in [0, 1], one a column, or null where the browser cannot decode the file.
export async function outline(bytes, durationS) {
  if (bytes.byteLength > MAX_BYTES || durationS > MAX_S) return null;
  let sound;
  try {
    sound = await decoder().decodeAudioData(bytes);
  } catch {
    return null;
  }
  const peaks = new Float32Array(N_COLUMNS);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, number) => sound.getChannelData(number));
  for (let column = 0; column < N_COLUMNS; column++) {
    const first = Math.floor((column * sound.length) / N_COLUMNS);
    const end = Math.max(first + 1, Math.floor(((column + 1) * sound.length) / N_COLUMNS));
    let sum = 0;
    for (const samples of channels) {
      for (let at = first; at < end; at++) sum += samples[at] ** 2;
    }
    peaks[column] = Math.sqrt(sum / ((end - first) * channels.length));
  }
  const loudest = peaks.reduce((most, each) => Math.max(most, each), 1e-6);
  return peaks.map((each) => (each / loudest) ** 0.8);
}

function decoder() {
  for (const rate of RATES_HZ) {
    try {
      return new OfflineAudioContext(1, 1, rate);
    } catch {
      // some browsers take no low rates
    }
  }
  throw new Error("no rate is taken");
}

// Draw bars; without an outline, a line on which the playhead moves all the same.
export function drawWaveform(context, box, peaks, playedShare, colors) {
  const middle = box.top + box.height / 2;
  if (peaks === null) {
    context.fillStyle = colors.rule;
    context.fillRect(box.left, middle - 1, box.width, 2);
    return;
  }
  const step = 3;
  const nBars = Math.max(1, Math.floor(box.width / step));
  for (let bar = 0; bar < nBars; bar++) {
    const first = Math.floor((bar * peaks.length) / nBars);
    const end = Math.max(first + 1, Math.floor(((bar + 1) * peaks.length) / nBars));
    const height = Math.max(1.5, Math.max(...peaks.subarray(first, end)) * (box.height - 4));
    context.fillStyle = (bar + 0.5) / nBars <= playedShare ? colors.played : colors.wave;
    context.fillRect(box.left + bar * step, middle - height / 2, step - 1, height);
  }
}

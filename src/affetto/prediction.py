"""The one path from sound to emotions; everything else that scores music goes through here.

The module is not called `predict`: importing it would then hide the function `affetto.predict`.

    audio.stream -> FrontEnd.frames -> WindowStream -> Bundle.score -> Timeline
      -> mood.summarize -> Prediction

Sound is read in blocks, and windows are scored as soon as a batch of them is there, so memory
does not depend on the length of the file.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from affetto import audio, mood, workers
from affetto.audio import AudioSource
from affetto.bundles import Bundle, load
from affetto.bundles.bundle import RuntimeName
from affetto.core import (
    Failure,
    FloatArray,
    Head,
    Notice,
    Prediction,
    ProgressCallback,
    Timeline,
    Vocabulary,
    Windows,
)
from affetto.errors import AffettoError, BadConfig
from affetto.models.outputs import EMBEDDING, members_of
from affetto.windows import Cut, WindowStream

# Scored at once (a minute and a half of sound, 3 MB). The network and the decoder push each other
# out of the processor's cache, so they should not take turns often: at 16 it costs 4 % more.
BATCH_WINDOWS = 64
TIME_LIMIT_S = 3600.0  # of computing, for one file in a pool: many days of sound
MOSTLY = 0.5

_log = logging.getLogger(__name__)


def predict(
    source: AudioSource,
    bundle: str | os.PathLike[str] | Bundle = "default",
    *,
    hop_s: float | None = None,
    threshold: float | None = None,
    progress: ProgressCallback | None = None,
) -> Prediction:
    """Give the emotions of one piece of music.

    `source` is a path, a binary file object, or (samples, sample_rate) with samples (n,) or
    (n, n_channels). `bundle` is a name, a folder or what `load_bundle` gave. `hop_s` is the
    distance of the timeline's windows in seconds, by default the bundle's. `threshold` in
    [0, 1] stands for the tags' own thresholds.
    Raises: AudioNotFound, AudioUnreadable, AudioEmpty, BundleError, BadConfig.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load(bundle)
    front_end = loaded.front_end
    frame_s = front_end.hop_length / front_end.sample_rate
    cut = Cut.of_seconds(loaded.window_s, loaded.hop_s if hop_s is None else hop_s, frame_s)
    thresholds = _thresholds(loaded, threshold)
    scored = _Scored(loaded)
    frames, windows = front_end.frames(), WindowStream(cut)
    with audio.stream(source, front_end.sample_rate) as blocks:
        n_samples = 0
        for block in blocks:
            scored.add(windows.push(frames.push(block.samples)))
            n_samples += len(block.samples)
            if progress is not None:
                progress(n_samples / front_end.sample_rate, blocks.expected_duration_s)
        info = blocks.info
    scored.add(windows.push(frames.finish()))
    scored.add(windows.finish())
    song = scored.close(info.duration_s)
    timeline = song.timeline
    scores, plane = mood.summarize(timeline)
    placed = mood.place(scores, timeline.vocabulary) if plane is None else plane
    return Prediction(
        path=_label(source),
        duration_s=info.duration_s,
        audio_sha256=info.audio_sha256,
        scores=scores,
        thresholds=np.broadcast_to(np.asarray(thresholds, np.float32), scores.shape),
        valence=float(placed[0]),
        arousal=float(placed[1]),
        plane_source="anchors" if plane is None else "head",
        timeline=timeline,
        bundle=loaded.title,
        bundle_fingerprint=loaded.fingerprint,
        others={
            vocabulary.name: dict(
                zip(
                    vocabulary.tags,
                    map(float, mood.mean_over_windows(values, timeline.weight)),
                    strict=True,
                )
            )
            for vocabulary, values in song.others
        },
        sign_slopes=loaded.sign_slopes,
        music=song.music,
        uncertainty=mood.uncertainty(timeline, song.members, song.others),
        embedding=song.embedding,
        warnings=(
            *info.notices,
            *_silence_notices(timeline.weight),
            *_music_notices(song.music),
        ),
    )


def predict_many(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    bundle: str | os.PathLike[str] | Bundle = "default",
    *,
    hop_s: float | None = None,
    threshold: float | None = None,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> Iterator[Prediction | Failure]:
    """Score files, and the music in folders, in order; what fails is given, not raised.

    `jobs` processes share the work: more than one only under `if __name__ == "__main__":` in
    a script, since each of them imports it. `progress` hears of the file under way when there
    is only one process. Raises: BundleError, BadConfig, before the first file.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load(bundle)
    _check_settings(loaded, hop_s, threshold)
    if jobs < 1:
        raise BadConfig(f"jobs must be at least 1, not {jobs}")
    found = audio.find([paths] if isinstance(paths, str | os.PathLike) else paths)
    if jobs == 1:
        return (_attempt(item, loaded, hop_s, threshold, progress) for item in found)
    return _predict_parallel(found, loaded, hop_s, threshold, jobs)


def _predict_parallel(
    found: Iterable[Path | Failure],
    bundle: Bundle,
    hop_s: float | None,
    threshold: float | None,
    jobs: int,
) -> Iterator[Prediction | Failure]:
    names: list[str] = []

    def remembered() -> Iterator[Path | Failure]:
        for item in found:
            names.append(item.path if isinstance(item, Failure) else str(item))
            yield item

    results = workers.map_ordered(
        _attempt_in_process,
        remembered(),
        jobs,
        time_limit_s=TIME_LIMIT_S,
        initializer=_set_up_process,
        initargs=(bundle.folder, bundle.runtime_name, hop_s, threshold),
    )
    with closing(results):  # an early end of this generator ends the processes now
        for number, result in enumerate(results):
            yield lost(names[number], result.reason) if isinstance(result, workers.Lost) else result


_process_settings: tuple[Bundle, float | None, float | None]


def _set_up_process(
    folder: Path, runtime: RuntimeName, hop_s: float | None, threshold: float | None
) -> None:
    global _process_settings
    _process_settings = (load(folder, runtime=runtime), hop_s, threshold)


def _attempt_in_process(item: Path | Failure) -> Prediction | Failure:
    return _attempt(item, *_process_settings, None)


def _attempt(
    item: Path | Failure,
    bundle: Bundle,
    hop_s: float | None,
    threshold: float | None,
    progress: ProgressCallback | None,
) -> Prediction | Failure:
    """Score a file; whatever happens to it, the others go on."""
    if isinstance(item, Failure):
        return item
    try:
        return predict(item, bundle, hop_s=hop_s, threshold=threshold, progress=progress)
    except AffettoError as error:
        _log.debug("an input that failed", exc_info=True)
        return Failure(str(item), error.code, error.message, error.hint)
    except Exception as error:
        return unforeseen(str(item), error)


def unforeseen(path: str, error: Exception) -> Failure:
    """Give the failure of a file on which affetto itself failed; call it where that is caught."""
    _log.debug("an error that nobody foresaw", exc_info=True)
    return Failure(
        path,
        "internal",
        f"{audio.display(path)}: affetto failed "
        f"({type(error).__name__}: {audio.display(str(error))})",
        "please report this, with the file if you may",
    )


def lost(path: str, reason: Literal["timeout", "crashed"]) -> Failure:
    """Give the failure of a file whose process was lost."""
    shown = audio.display(path)
    if reason == "timeout":
        return Failure(path, "timeout", f"{shown}: scoring it took too long", "is it damaged?")
    return Failure(path, "crashed", f"{shown}: the decoder crashed on it", "get the file again")


@dataclass(frozen=True, slots=True)
class _Song:
    """What the windows say: the timeline of the main vocabulary, the scores of `others`
    (n_windows, n_tags), how much the song sounds like `music` if the bundle says so, its embedding,
    and its tags, valence, arousal and tags of `others` as each member has them,
    (n_members, n_values), if there are several.
    """

    timeline: Timeline
    others: tuple[tuple[Vocabulary, FloatArray], ...]
    music: float | None
    embedding: FloatArray
    members: FloatArray | None


class _Scored:
    """Collects windows until a batch is full, scores it, and keeps the scores."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._waiting: list[Windows] = []
        self._n_waiting = 0
        self._starts: list[Any] = []
        self._weights: list[FloatArray] = []
        self._outputs: list[dict[str, FloatArray]] = []

    def add(self, windows: Windows | None) -> None:
        if windows is None:
            return
        self._waiting.append(windows)
        self._n_waiting += len(windows.start_s)
        self._starts.append(windows.start_s)
        front_end = self._bundle.front_end
        self._weights.append(mood.sound_share(windows, front_end.floor, front_end.n_pitches))
        if self._n_waiting >= BATCH_WINDOWS:
            self._score()

    def _score(self) -> None:
        values = np.concatenate([windows.values for windows in self._waiting])
        self._outputs.append(self._bundle.score(values))
        self._waiting, self._n_waiting = [], 0

    def close(self, duration_s: float) -> _Song:
        if self._waiting:
            self._score()
        bundle = self._bundle
        names = self._outputs[0]
        output = {name: np.concatenate([part[name] for part in self._outputs]) for name in names}
        weight = np.concatenate(self._weights)
        starts = np.concatenate(self._starts)
        main, *others = bundle.tag_heads
        assert main.spec.vocabulary is not None
        plane = bundle.plane_head
        timeline = Timeline(
            vocabulary=main.spec.vocabulary,
            start_s=starts,
            end_s=np.minimum(starts + bundle.n_frames * _frame_s(bundle), duration_s),
            scores=output[main.spec.name],
            weight=weight,
            valence_arousal=None if plane is None else output[plane.spec.name],
        )
        judge, music = bundle.music_head, None
        if judge is not None:
            music = float(mood.mean_over_windows(output[judge.spec.name], weight)[0])
        return _Song(
            timeline,
            others=tuple(
                (head.spec.vocabulary, output[head.spec.name])
                for head in others
                if head.spec.vocabulary is not None
            ),
            music=music,
            embedding=mood.mean_over_windows(output[EMBEDDING], weight),
            members=self._members(output, weight),
        )

    def _members(self, output: dict[str, FloatArray], weight: FloatArray) -> FloatArray | None:
        """Give what each member says of the song."""
        bundle = self._bundle
        if bundle.n_members == 1:
            return None
        (main, *others), plane = [head.spec for head in bundle.tag_heads], bundle.plane_head

        def of(head: Head) -> FloatArray:
            means = mood.mean_over_windows(output[members_of(head)], weight)
            return means.reshape(bundle.n_members, head.n_outputs)

        scores = of(main)
        assert main.vocabulary is not None
        placed = mood.place(scores, main.vocabulary) if plane is None else of(plane.spec)
        return np.concatenate([scores, placed, *map(of, others)], axis=1)


def _frame_s(bundle: Bundle) -> float:
    return bundle.front_end.hop_length / bundle.front_end.sample_rate


def _check_settings(bundle: Bundle, hop_s: float | None, threshold: float | None) -> None:
    _thresholds(bundle, threshold)
    Cut.of_seconds(bundle.window_s, bundle.hop_s if hop_s is None else hop_s, _frame_s(bundle))


def _thresholds(bundle: Bundle, threshold: float | None) -> tuple[float, ...] | float:
    if threshold is None:
        return bundle.tag_heads[0].thresholds or 0.5
    if not 0 <= threshold <= 1:
        raise BadConfig(f"the threshold must lie between 0 and 1, not {threshold}")
    return threshold


def _silence_notices(weight: FloatArray) -> Iterator[Notice]:
    share = float(np.mean(weight == 0))
    if share == 1:
        yield Notice("silence", "nearly the whole file is silence, so the scores are a guess")
    elif share > MOSTLY:
        # Rounded down: of what is scored, nobody shall read that 100% is silent.
        yield Notice(
            "silence", f"{int(100 * share)}% of the file is silent; only the rest is scored"
        )


def _music_notices(music: float | None) -> Iterator[Notice]:
    if music is not None and music < mood.MUSIC_CUT:
        yield Notice(mood.NOT_MUSIC, "this does not sound like music, so the emotions mean little")


def _label(source: AudioSource) -> str:
    if isinstance(source, tuple):
        return "<samples>"
    if isinstance(source, str | bytes | os.PathLike):
        return os.fsdecode(source)
    return "<file object>"

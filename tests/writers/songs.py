"""Predictions made by hand, for the writers to write."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from affetto.core import Notice, Prediction, Timeline, Uncertainty, Vocabulary

TAGS = Vocabulary(
    "moods",
    ("happy", "sad", "light_playful", "angry"),
    ("Happy", "Sad", "Playful", "Angry"),
    ("Happy", "Sad", "Light_/_Playful", "Angry"),
)
NOT_UTF_8 = os.fsdecode(b"album/caf\xe9 \x1b[31m\n.mp3")


def song(path: str = "album/one.mp3", **changes: Any) -> Prediction:
    """Give a song of 20 s in nine windows that grows from sad to happy, with silence before."""
    start_s = np.arange(9) * 2.0
    rising = np.linspace(0.1, 0.9, 9)
    timeline = Timeline(
        vocabulary=TAGS,
        start_s=start_s,
        end_s=start_s + 4.0,
        scores=np.stack([rising, 1 - rising, rising**2, np.full(9, 0.05)], axis=1),
        weight=np.array([0, 0, 1, 1, 1, 1, 1, 1, 0.5]),
        valence_arousal=np.stack([2 * rising - 1, np.full(9, -0.5)], axis=1),
    )
    fields: dict[str, Any] = {
        "path": path,
        "duration_s": 20.0,
        "audio_sha256": "ab" * 32,
        "scores": np.array([0.6789, 0.3, 0.45, 0.05]),
        "thresholds": np.array([0.5, 0.5, 0.4, 0.5]),
        "valence": 0.25,
        "arousal": -0.5,
        "plane_source": "head",
        "timeline": timeline,
        "bundle": "hand-made 1.0",
        "bundle_fingerprint": "cd" * 32,
        "others": {"felt": {"tension": 0.125, "calmness": 0.75}},
        "sign_slopes": (1.0, 1.0),
        "music": 0.9375,
        "uncertainty": Uncertainty(
            np.array([0.04, 0.0625, 0.03, 0.0]),
            0.3125,
            0.0625,
            {"felt": {"tension": 0.015625, "calmness": 0.25}},
        ),
        "warnings": (),
    }
    return Prediction(**(fields | changes))


def odd_song() -> Prediction:
    """Give a tense song with a name to beware of, warnings, and no head for the plane."""
    whole = song().timeline
    timeline = Timeline(TAGS, whole.start_s, whole.end_s, whole.scores, whole.weight)
    return song(
        NOT_UTF_8,
        timeline=timeline,
        valence=-0.625,
        arousal=1.0,
        plane_source="anchors",
        others={},
        sign_slopes=None,
        music=None,
        uncertainty=None,
        thresholds=np.ones(4),
        warnings=(
            Notice("cut-short", "the file ends early: 20 s of the 61 s that its header states"),
            Notice("short", "a title of \x1b[5mthe file"),
        ),
    )

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affetto.experiments import store
from affetto.experiments.methods.base import FoldResult
from affetto.experiments.store import Store, key_of

KEY = "ab" * 32
RESULT = FoldResult(
    scores=np.random.default_rng(0).random((5, 3)).astype(np.float32),
    held_out=np.asarray([4, 7]),
    held_out_scores=np.ones((2, 3), np.float32),
    settings={"k": 5, "base_settings": {"c": 0.1}, "name": "Größe"},
    seconds=1.25,
)


def test_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    Store(tmp_path).write(KEY, RESULT)
    again = Store(tmp_path).read(KEY)
    assert again is not None
    assert (again.scores == RESULT.scores).all()
    assert again.held_out.tolist() == [4, 7]
    assert (again.settings, again.seconds) == (RESULT.settings, 1.25)


def test_result_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert Store(tmp_path).read(KEY) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_result_that_is_cut_short_is_none(tmp_path: Path, share: float) -> None:
    Store(tmp_path).write(KEY, RESULT)
    path = Store(tmp_path).path(KEY)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert Store(tmp_path).read(KEY) is None


def test_result_with_a_changed_byte_is_none(tmp_path: Path) -> None:
    Store(tmp_path).write(KEY, RESULT)
    path = Store(tmp_path).path(KEY)
    content = bytearray(path.read_bytes())
    content[content.index(RESULT.scores.tobytes()) + 3] ^= 1
    path.write_bytes(content)
    assert Store(tmp_path).read(KEY) is None


def test_key_hangs_on_every_part_and_on_the_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"seed": 0, "method": {"grid": [{"k": (1, 2)}]}}
    key = key_of(parts)
    assert key == key_of(dict(reversed(parts.items())))
    assert key != key_of({**parts, "seed": 1})
    assert key != key_of({**parts, "method": {"grid": [{"k": (1, 3)}]}})
    monkeypatch.setattr(store, "REVISION", store.REVISION + 1)
    assert key != key_of(parts)

"""A picture of how far scores are probabilities, with every tag that is labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affetto.errors import BadConfig
from affetto.evaluation import reliability
from affetto.evaluation.measures import per_tag
from affetto.evaluation.results import Evaluation, Results
from tests.cli.command import affetto
from tests.evaluation.cases import PLANE, held_out
from tests.tiny_training import TinyTraining

pytest.importorskip("matplotlib")


def results_of(*evaluations: Evaluation) -> Results:
    return Results("made up", "none", "", (0,), evaluations, {})


def tagged(is_calibrated: bool) -> Evaluation:
    rng = np.random.default_rng(0)
    outputs = rng.random((60, 2))
    targets = (rng.random((60, 2)) < outputs).astype(float)
    raw = (outputs**2).astype(np.float32) if is_calibrated else None
    held = held_out([0] * 60, targets.tolist(), outputs.tolist(), uncalibrated=raw)
    return Evaluation("songs", "two", "tags", 60, 60, (), per_tag("tags", [held]), (held,))


@pytest.mark.parametrize("is_calibrated", [True, False])
def test_diagram_has_a_panel_a_tag_with_its_error_and_a_line_before_and_after(
    is_calibrated: bool,
) -> None:
    evaluation = tagged(is_calibrated)
    figure = reliability.draw(results_of(evaluation))
    assert len(figure.axes) == 2
    for axes, (tag, row) in zip(figure.axes, evaluation.per_tag.items(), strict=True):
        texts = [text.get_text() for text in axes.texts]
        assert tag in texts
        expected = f"ECE {row['ece']:.3f}"
        if is_calibrated:
            expected += f" from {row['ece_uncalibrated']:.3f}"
        assert expected in texts
        assert len(axes.lines) == 2 + is_calibrated  # the diagonal too
        assert "60" not in texts  # no bin holds all
    told = " ".join(text.get_text() for text in figure.texts)
    assert "songs, head two: 60 examples" in told
    assert ("before calibration" in told) == is_calibrated


def test_diagram_of_an_evaluation_without_tags_is_refused() -> None:
    held = held_out([0, 0], [[1, 0], [0, 1]], [[0, 0], [0, 0]], head=PLANE)
    plane = Evaluation("clips", "plane", "quadrants", 2, 2, (), {}, (held,))
    with pytest.raises(BadConfig, match="no data set of this evaluation has tags"):
        reliability.draw(results_of(plane))


def test_diagram_with_another_suffix_is_refused_before_anything_is_computed(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadConfig, match=r"ends in \.png, \.svg or \.pdf"):
        reliability.check(tmp_path / "diagram.txt")


def test_evaluate_draws_the_diagram(
    tiny: TinyTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tiny.cache))
    path = tmp_path / "diagram.png"
    done = affetto(
        "evaluate", tiny.recipe, "emotify", "--data-root", tiny.root, "--folds", "2",
        "--set", "optimizer.epochs=1", "--run-folder", tmp_path / "runs", "--plot", path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().startswith(b"\x89PNG")

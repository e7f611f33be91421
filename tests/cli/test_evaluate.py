"""`affetto evaluate` takes with a bundle what goes with a bundle; its figures: tests/evaluation."""

from __future__ import annotations

import pytest

from affetto.cli import main


@pytest.mark.parametrize("option", [("--set", "seed=1"), ("--init", "default")])
def test_what_goes_with_a_recipe_is_not_ignored_with_a_bundle(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "default", "4q", "--bundle", *option]) == 2
    assert f"{option[0]} goes with a recipe, not with a bundle" in capsys.readouterr().err

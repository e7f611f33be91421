from __future__ import annotations

import sys
from pathlib import Path

import pytest

from affetto.experiments.code import code_sha256


def sha256_of(tmp_path: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop(name, None)
    code_sha256.cache_clear()
    return code_sha256(name)


def test_comments_layout_and_docstrings_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = sha256_of(tmp_path, "made_up", "def f(x):\n    return x + 1\n", monkeypatch)
    wordy = 'def f( x ):  # adds\n    """Add one."""\n\n    return x+1\n'
    assert sha256_of(tmp_path, "made_up", wordy, monkeypatch) == plain


def test_what_the_code_does_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sha256_of(tmp_path, "made_up", "def f(x):\n    return x + 1\n", monkeypatch)
    assert sha256_of(tmp_path, "made_up", "def f(x):\n    return x + 2\n", monkeypatch) != one


def test_a_package_is_hashed_with_all_its_files() -> None:
    assert code_sha256("affetto.metrics") != code_sha256("affetto.metrics.cells")

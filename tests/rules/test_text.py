"""The project's own text: true on any machine, and complete about errors."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
from functools import cache

import pytest

from affetto import errors
from tests.rules.source import ROOT

# Each pattern is written so that it does not match itself.
UNWANTED = {
    "a path of one machine": r"/(wor[k]|roo[t])/",
    "a host of a package registry": r"pyp[i]\.org|pythonhoste[d]\.|download\.pytorc[h]\.org"
    r"|npmj[s]\.|proxy\.golan[g]\.",
    "a word about how it came to be": r"\b(a|this|another) helpe[r]\b"
    r"|\b(this|earlier|another|next) sessio[n]\b",
    "a leftover": r"\bTOD[O]\b|\bFIXM[E]\b|^(<{7}|>{7}) ",
}


@cache
def tracked_texts() -> dict[str, str]:
    """Read all files under version control that are text, by path."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are the project's")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    found = {}
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                found[name] = content.decode("utf-8")
    return found


@pytest.mark.parametrize("what", UNWANTED)
def test_text_holds_nothing_of_this_kind(what: str) -> None:
    pattern = re.compile(UNWANTED[what], re.MULTILINE)
    hits = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "see /wor" + "k/main"),
        ("a path of one machine", 'root = "/roo' + 't/music"'),
        ("a host of a package registry", "https://pyp" + "i.org/simple"),
        ("a word about how it came to be", "a helpe" + "r for it"),
        ("a leftover", "# TOD" + "O: later"),
    ],
)
def test_unwanted_text_would_be_found(what: str, line: str) -> None:
    assert re.search(UNWANTED[what], line)


def test_every_error_code_is_documented() -> None:
    documents = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
    )
    codes = {
        cls.code
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, errors.AffettoError)
    }
    assert sorted(code for code in codes if f"`{code}`" not in documents) == []


def test_error_codes_are_distinct_slugs() -> None:
    classes = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, errors.AffettoError)
    ]
    codes = [cls.code for cls in classes]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)

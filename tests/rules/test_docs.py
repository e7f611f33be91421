"""What the pages on libraries name is there: tests, files, and places in other documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rules.source import ROOT

PAGES = ("library", "players", "playlists", "search", "tagging")
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs" / f"{page}.md" for page in PAGES)]


def anchors(document: Path) -> set[str]:
    """Give the places that GitHub makes of a document's headings."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    wrong = []
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = document if not path else (document.parent / path).resolve()
        is_lost = not there.exists() or (
            anchor and there.suffix == ".md" and anchor not in anchors(there)
        )
        if is_lost:
            wrong.append(target)
    assert wrong == []


def test_tests_that_the_library_page_names_are_there() -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", text))
    assert len(files) > 8
    assert sorted(name for name in files if not (ROOT / "tests" / name).exists()) == []
    source = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in files)
    source += (ROOT / "tests/library/test_playlist_problem.py").read_text(encoding="utf-8")
    names = set(re.findall(r"`(test_\w+)`", text))
    assert sorted(name for name in names if f"def {name}(" not in source) == []

"""Members are listed without importing them, loaded by name, and never shadow each other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from affetto.errors import BadConfig, UnknownName
from affetto.registry import Registry

TABLE = {
    "cosine": ("math:cos", "the cosine of an angle"),
    "sine": ("math:sin", "the sine of an angle"),
    "absent": ("affetto_no_such_module:thing", "cannot be imported"),
}


@pytest.fixture
def waves() -> Registry:
    return Registry("wave", "waves", TABLE)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder on the path in which packages can be put."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, package: str, entry_points: str) -> None:
    """Put a package of another author in place, with its metadata."""
    module = package.replace("-", "_")
    (site / f"{module}.py").write_text("class Square:\n    corners = 4\n")
    metadata = site / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points)


def test_names_come_in_the_order_of_the_table(waves: Registry) -> None:
    assert waves.names() == ("cosine", "sine", "absent")
    assert waves.summary("sine") == "the sine of an angle"
    assert waves.target("sine") == "math:sin"


def test_listing_imports_no_member(waves: Registry) -> None:
    waves.names()
    assert [waves.summary(name) for name in waves.names()]
    assert waves.target("absent") == "affetto_no_such_module:thing"
    with pytest.raises(ModuleNotFoundError):
        waves.load("absent")


def test_member_is_loaded_by_its_name(waves: Registry) -> None:
    assert waves.load("sine")(0) == 0
    assert waves.load("cosine")(0) == 1


@pytest.mark.parametrize("call", ["load", "summary", "target"])
def test_unknown_name_offers_the_nearest_and_lists_all(waves: Registry, call: str) -> None:
    with pytest.raises(UnknownName, match="no wave named 'sinus'") as caught:
        getattr(waves, call)("sinus")
    assert caught.value.hint == "did you mean sine? known: cosine, sine, absent"
    assert isinstance(caught.value, LookupError)


def test_name_like_no_other_gets_no_guess(waves: Registry) -> None:
    with pytest.raises(UnknownName) as caught:
        waves.load("xylophone-9")
    assert caught.value.hint == "known: cosine, sine, absent"


def test_table_is_not_changed_from_outside() -> None:
    table = dict(TABLE)
    waves = Registry("wave", "waves", table)
    table.clear()
    assert waves.names() == tuple(TABLE)


def test_member_of_another_package_is_listed_and_loaded_on_use(waves: Registry, site: Path) -> None:
    install(site, "more-waves", "[affetto.waves]\nsquare = more_waves:Square\n")
    assert waves.names() == ("cosine", "sine", "absent", "square")
    assert waves.summary("square") == "from more_waves:Square"
    assert "more_waves" not in sys.modules
    try:
        assert waves.load("square").corners == 4
    finally:
        sys.modules.pop("more_waves", None)
    with pytest.raises(UnknownName, match="squares") as caught:
        waves.load("squares")
    assert "did you mean square?" in caught.value.hint


def test_entry_points_of_other_families_are_not_taken(waves: Registry, site: Path) -> None:
    install(site, "other-things", "[affetto.models]\nsquare = other_things:Square\n")
    assert "square" not in waves.names()


@pytest.mark.parametrize("taken", ["sine", "square"])
def test_name_twice_is_refused_with_both_named(waves: Registry, site: Path, taken: str) -> None:
    install(site, "more-waves", f"[affetto.waves]\n{taken} = more_waves:Square\n")
    install(site, "yet-more-waves", f"[affetto.waves]\n{taken} = yet_more_waves:Square\n")
    with pytest.raises(BadConfig, match=f"two packages offer a wave named '{taken}'") as caught:
        waves.names()
    assert "more_waves:Square" in caught.value.hint

"""Every member of every family loads, and no file of a family's folder is forgotten."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module

import pytest

from affetto.registry import Registry
from tests.rules.source import Module, imports, modules, own_module


@cache
def registries() -> dict[str, tuple[Module, Registry]]:
    """Find `NAME = Registry(...)` in the source; give module and registry by family."""
    found: dict[str, tuple[Module, Registry]] = {}
    for module in modules().values():
        for node in module.tree.body:
            value = getattr(node, "value", None)
            if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "Registry":
                assert isinstance(node, ast.Assign)
                (target,) = node.targets
                registry = getattr(import_module(module.name), ast.unparse(target))
                assert registry.family not in found, f"two registries of {registry.family}"
                found[registry.family] = (module, registry)
    return found


def families() -> list[str]:
    return sorted(registries())


def members() -> list[tuple[str, str]]:
    return [(family, name) for family in families() for name in registries()[family][1].names()]


def test_the_known_families_are_found() -> None:
    assert {"bundles", "datasets", "frontends", "models", "vocabularies"} <= set(families())


@pytest.mark.parametrize(("family", "name"), members())
def test_member_loads_and_says_what_it_is(family: str, name: str) -> None:
    registry = registries()[family][1]
    assert callable(registry.load(name))
    summary = registry.summary(name)
    assert summary
    assert "\n" not in summary


@pytest.mark.parametrize("family", families())
def test_table_stands_in_its_familys_folder(family: str) -> None:
    module, registry = registries()[family]
    assert registry.target(registry.names()[0]).startswith(module.name)
    assert module.path.name == "__init__.py"


@pytest.mark.parametrize("family", families())
def test_every_file_of_a_familys_folder_has_a_line_or_is_used(family: str) -> None:
    """A file that no line names and no other module imports is a member that was forgotten."""
    module, _ = registries()[family]
    used = {
        own_module(found.name)
        for other in modules().values()
        for found in imports(other)
        if own_module(found.name) != other.name
    }
    files = {name for name in modules() if name.startswith(f"{module.name}.")}
    assert sorted(files - used) == []


def test_every_vocabulary_file_has_a_line() -> None:
    module, registry = registries()["vocabularies"]
    files = {path.stem for path in module.path.parent.glob("*.json")}
    assert files - {"aliases", "moods"} == set(registry.names())


def test_every_bundle_folder_has_a_line() -> None:
    module, registry = registries()["bundles"]
    folders = {path.parent.name for path in module.path.parent.glob("*/bundle.json")}
    assert folders == set(registry.names())

"""The package's source as the rules see it: modules, and what each of them imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "affetto"

_TARGET = re.compile(r"affetto(\.\w+)*:\w+")


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the package: its dotted name and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def home(self) -> str:
        """The name directly below `affetto` ("" for the package itself): what has a row."""
        return home_of(self.name)


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the dotted name that is asked for, and where this is written."""

    name: str
    line: int


def home_of(dotted: str) -> str:
    return dotted.split(".")[1] if "." in dotted else ""


@cache
def modules() -> dict[str, Module]:
    """Read all modules of the package, by dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Give what a module imports, at its top or inside functions.

    Targets such as "affetto.models.cnn:Cnn" in registries and elsewhere count as imports, as do
    names given to `import_module`. `from package import name` gives `package.name`.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _TARGET.fullmatch(node.value):
                yield Import(node.value.replace(":", "."), node.lineno)
        elif isinstance(node, ast.Call) and _is_import_call(node) and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield Import(argument.value, node.lineno)


def own_module(name: str) -> str | None:
    """Give the package's module that an import of `name` loads last, or None for another's.

    `affetto.core.Prediction` loads `affetto.core`. What the package itself offers on use, such
    as `affetto.predict`, is looked up where it comes from.
    """
    if name.split(".")[0] != "affetto":
        return None
    homes = _public_homes()
    if name in homes and name not in modules():
        name = homes[name]
    while name not in modules():
        name = name.rpartition(".")[0]
    return name


@cache
def _public_homes() -> dict[str, str]:
    import affetto

    return {f"affetto.{name}": target.replace(":", ".") for name, target in affetto._HOMES.items()}


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def _is_import_call(node: ast.Call) -> bool:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ("import_module", "__import__")

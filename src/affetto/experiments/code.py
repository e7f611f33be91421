"""Hashes of code, so that a result is not taken for that of a method that has changed since."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def code_sha256(*names: str) -> str:
    """Hash what modules and whole packages of affetto do.

    Their imports do not count, nor do comments, layout and docstrings.
    """
    digest = hashlib.sha256()
    for name in names:
        for path in _files(name):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            digest.update(f"{name}/{path.name}\n{ast.dump(_without_docstrings(tree))}\n".encode())
    return digest.hexdigest()


def _files(name: str) -> list[Path]:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin)
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [
                line
                for line in node.body
                if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            ]
    return tree

"""Named members, listed without importing any of them and loaded on use.

A registry is a literal table of `name -> ("module:attribute", summary)`. Other packages add
members by entry points in the group `affetto.<family>`; a name that is taken is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from affetto.errors import BadConfig, UnknownName

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Registry:
    """One family of members, such as the data sets.

    `kind` is the singular used in messages, `family` the entry-point group behind `affetto.`.
    """

    def __init__(self, kind: str, family: str, table: Mapping[str, tuple[str, str]]) -> None:
        self.kind = kind
        self.family = family
        self._table = dict(table)

    def __contains__(self, name: object) -> bool:
        return name in self._table or name in self._foreign()

    def names(self) -> tuple[str, ...]:
        """Give all names: the table's in its order, then those of other packages."""
        return (*self._table, *self._foreign())

    def summary(self, name: str) -> str:
        """Say in one line what a member is."""
        if name in self._table:
            return self._table[name][1]
        entry = self._known_foreign(name)
        return f"from {entry.value}"

    def target(self, name: str) -> str:
        """Give `module:attribute` of a member without importing it."""
        if name in self._table:
            return self._table[name][0]
        return self._known_foreign(name).value

    def load(self, name: str) -> Any:
        """Import and give a member. Raises: UnknownName with the nearest name."""
        module, _, attribute = self.target(name).partition(":")
        return getattr(import_module(module), attribute)

    def _known_foreign(self, name: str) -> EntryPoint:
        foreign = self._foreign()
        if name not in foreign:
            raise unknown_name(self.kind, name, self.names())
        return foreign[name]

    def _foreign(self) -> dict[str, EntryPoint]:
        # Late: the import costs as much as everything else that a name of the table needs.
        from importlib.metadata import entry_points

        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=f"affetto.{self.family}"):
            if entry.name in self._table or entry.name in found:
                raise BadConfig(
                    f"two packages offer a {self.kind} named {entry.name!r}",
                    f"uninstall the package that provides {entry.value}",
                )
            found[entry.name] = entry
        return found


def unknown_name(kind: str, name: str, known: Collection[str]) -> UnknownName:
    """Make the error for a `name` that is not among those `known`, with the nearest of them."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f"did you mean {near[0]}? " if near else ""
    return UnknownName(f"there is no {kind} named {name!r}", f"{guess}known: {', '.join(known)}")

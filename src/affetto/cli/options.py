"""What verbs share: options, checks of values, and how a verb speaks.

A new verb is a file like this one, and its line in the table of `affetto.cli`:

    @click.command(cls=Verb)
    @click.argument("name")
    @data_root_option
    def example(name: str, data_root: Path | None) -> int | None:
        "Say in one line what it does."
        from affetto.datasets import load  # heavy imports inside: --help stays quick
        ...
        return 1 if some_failed else None  # the exit code; errors just pass
"""

from __future__ import annotations

import logging
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from affetto.registry import Registry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    _NameType = click.ParamType[str]
else:
    _NameType = click.ParamType  # which takes no argument before click 8.4

F = TypeVar("F", bound=Callable[..., Any])

COUNT = click.IntRange(min=1)
"""The type of an option that counts things."""
MAX_METAVAR = 60  # columns, of the 80 of a line of help

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


@dataclass(slots=True)
class State:
    """What one call of the command carries along, as click's `obj`."""

    debug: bool = False

    def show_trace(self) -> None:
        """With --debug print the traceback of the exception being handled."""
        if self.debug:
            traceback.print_exc(file=sys.stderr)


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    state = ctx.find_object(State)
    if value and state is not None and not state.debug:
        state.debug = True
        # What predict_many catches, it logs: there is no other trace of it.
        handler = logging.StreamHandler()
        log = logging.getLogger("affetto")
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        ctx.find_root().call_on_close(lambda: log.removeHandler(handler))


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Show the traceback of errors.",
)


class Verb(click.Command):
    """A command that also takes -h and --debug, and whose help fits 80 columns."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {**SETTINGS, **(settings.get("context_settings") or {})}
        super().__init__(*arguments, **settings)
        debug_option(self)


class VerbGroup(click.Group):
    """A verb with verbs of its own, such as `affetto bundles list`."""

    command_class = Verb

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {**SETTINGS, **(settings.get("context_settings") or {})}
        super().__init__(*arguments, **settings)
        debug_option(self)


class Member(_NameType):
    """A name of a registry, or one of the verb's `own`, which come first.

    Unlike `click.Choice`, it looks up what other packages offer only for help and for a name
    that the registry's own table lacks: the look-up takes 20 ms of each call of a verb.
    """

    name = "name"

    def __init__(self, registry: Registry, own: tuple[str, ...] = ()) -> None:
        self._registry = registry
        self._own = own

    def names(self) -> tuple[str, ...]:
        """Give all names."""
        return tuple(dict.fromkeys((*self._own, *self._registry.names())))

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        shown = names = self.names()
        while len("|".join(shown)) > MAX_METAVAR:
            shown = shown[:-1]
        return f"[{'|'.join(shown)}{'' if shown == names else '|...'}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self._own or value in self._registry:
            return value
        known = ", ".join(map(repr, self.names()))
        raise click.BadParameter(f"{value!r} is not one of {known}.", ctx, param)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]


def positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Refuse what is not a positive, finite number (callback of an option)."""
    if value is None or 0 < value < math.inf:
        return value
    raise click.BadParameter(f"{value} is not a positive number", ctx, param)


def share(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Refuse what does not lie between 0 and 1 (callback of an option)."""
    if value is None or 0 <= value <= 1:
        return value
    raise click.BadParameter(f"{value} does not lie between 0 and 1", ctx, param)


def names(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Split names at their commas (callback of an option)."""
    if value is None:
        return None
    found = tuple(name.strip() for name in value.split(","))
    if not all(found):
        raise click.BadParameter(f"{value!r} is not names with commas between them", ctx, param)
    return found


def data_root_option(command: F) -> F:
    """Add `--data-root`, for verbs that read data sets; `datasets.data_root` takes it."""
    return click.option(
        "--data-root",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Where the data sets are; by default what AFFETTO_DATA names.",
    )(command)


def skip_bad_option(command: F) -> F:
    """Add `--skip-bad`, for verbs that read data sets; `datasets.load` takes it."""
    return click.option(
        "--skip-bad",
        is_flag=True,
        help="Leave out damaged rows and songs, and say which, instead of stopping.",
    )(command)


def settings_option(command: F) -> F:
    """Add `--set KEY=VALUE`, repeatable, which gives a recipe's settings by dotted key."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        callback=_settings,
        metavar="KEY=VALUE",
        help="Change a setting of the recipe, such as optimizer.epochs=5.",
    )(command)


def _settings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in value]
    for (key, equals, _), text in zip(pairs, value, strict=True):
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE", ctx, param)
    return {key: setting for key, _, setting in pairs}


def init_option(command: F) -> F:
    """Add `--init`, a bundle to start trainings from."""
    return click.option(
        "--init",
        metavar="NAME|FOLDER",
        help="Start from this bundle's weights instead of random ones.",
    )(command)


def bundle_option(command: F) -> F:
    """Add `--bundle`, a name or a folder."""
    return click.option(
        "--bundle",
        default="default",
        show_default=True,
        metavar="NAME|FOLDER",
        help="The trained network to use.",
    )(command)


def db_option(command: F) -> F:
    """Add `--db`, for verbs that use a library; None means the user's own."""
    return click.option(
        "--db",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The library's file; by default in your data folder.",
    )(command)


def say(message: str, hint: str = "") -> None:
    """Print one sentence on stderr: what is the matter, and what to do about it."""
    from affetto.audio import display  # costs NumPy, which only those need who meet a problem

    text = f"affetto: {message.rstrip('.')}" + (f"; {hint}" if hint else "")
    print(display(text), file=sys.stderr, flush=True)  # noqa: T201

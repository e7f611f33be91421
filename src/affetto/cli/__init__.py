"""The command line: verbs in a table, each one file that is imported when it is used.

A verb is a click command (`options.Verb`) around library functions. It prints results on
stdout and everything else on stderr, lets errors pass, and returns its exit code, or None for
0. `main` turns what passes into one sentence and an exit code:

    0    all done
    1    some inputs failed, the rest are written; or an error that nobody foresaw
    2    usage, configuration, a missing extra, data set or bundle: nothing is done
    130  interrupted; 143 ended by SIGTERM; 141 the reader of stdout went away
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from affetto import __version__
from affetto.cli.options import SETTINGS, State, debug_option, say
from affetto.errors import AffettoError, AudioError, QueryInvalid
from affetto.registry import Registry

VERBS = Registry(
    "verb",
    "verbs",
    {
        "predict": ("affetto.cli.predict:predict", "score the emotions of music files"),
        "live": ("affetto.cli.live:live", "score sound as it is played"),
        "scan": ("affetto.cli.scan:scan", "score folders of music into a library"),
        "search": ("affetto.cli.search:search", "find songs of the library by mood"),
        "show": ("affetto.cli.show:show", "show what the library knows of songs"),
        "stats": ("affetto.cli.stats:stats", "sum up the library: counts, tags, a mood map"),
        "playlist": (
            "affetto.cli.playlist:playlist",
            "choose and order songs by mood, for a player",
        ),
        "tag": ("affetto.cli.tag:tag", "write moods into the tags of music files"),
        "serve": ("affetto.cli.serve:serve", "serve the HTTP API"),
        "bundles": ("affetto.cli.bundles:bundles", "list, show and check bundles"),
        "datasets": ("affetto.cli.datasets:datasets", "list, show and check data sets"),
        "train": ("affetto.cli.train:train", "train a bundle by a recipe"),
        "evaluate": ("affetto.cli.evaluate:evaluate", "measure a recipe or a bundle"),
        "reproduce": (
            "affetto.cli.reproduce:reproduce",
            "run an experiment of the literature, and compare",
        ),
    },
)

_HelpShown: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())  # since click 8.2
INTERRUPTED, TERMINATED, NO_READER = 130, 143, 141


class _NoReader(Exception):
    """Whoever read stdout went away."""


class _Verbs(click.Group):
    """The group of all verbs, which imports only the one that is called."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # which click would make an exit code of its own of
            raise _NoReader from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if ctx.resilient_parsing and cmd_name not in VERBS.names():  # while the shell completes
            return None
        verb: click.Command = VERBS.load(cmd_name)
        return verb

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, VERBS.summary(name)) for name in VERBS.names()])


@click.group(
    cls=_Verbs,
    context_settings=SETTINGS,
    subcommand_metavar="VERB ...",
    epilog="Exit codes: 0 all done, 1 some inputs failed, 2 wrong usage, 130 interrupted.",
)
@click.version_option(__version__, message="affetto %(version)s")
@debug_option
def app() -> None:
    """Hear which emotions music carries, and how they move through it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; `arguments` are those of the shell."""
    # Python ends by looking for garbage among all that was imported, several times: 0.04 s.
    atexit.register(gc.freeze)
    _prepare_streams()
    state = State()
    try:
        with _ending_tidily():
            code = _run(arguments, state)
            sys.stdout.flush()
    except (_NoReader, BrokenPipeError):
        _drop_stdout()
        return NO_READER
    except OSError as error:  # the disk under stdout is full, say
        _say_refusal(error, state)
        _drop_stdout()
        return 1
    return code


def _run(arguments: Sequence[str] | None, state: State) -> int:
    try:
        code = app.main(
            args=None if arguments is None else list(arguments),
            prog_name="affetto",
            standalone_mode=False,
            obj=state,
        )
        return code if isinstance(code, int) else 0
    except click.UsageError as error:
        if isinstance(error, _HelpShown):
            click.echo(error.format_message(), err=True)
            return 2
        command = error.ctx.command_path if error.ctx is not None else "affetto"
        say(error.format_message(), f"try: {command} --help")
        return 2
    except (click.Abort, KeyboardInterrupt):
        state.show_trace()
        say("interrupted")
        return INTERRUPTED
    except AffettoError as error:
        state.show_trace()
        say(error.message, error.hint)
        if isinstance(error, QueryInvalid) and error.excerpt:
            click.echo(textwrap.indent(error.excerpt, "  "), err=True)
        return 1 if isinstance(error, AudioError) else 2
    except _NoReader:
        raise
    except OSError as error:
        _say_refusal(error, state)
        return 1
    except Exception as error:
        state.show_trace()
        say(
            f"an error that nobody foresaw ({type(error).__name__}: {error})",
            "please report it, with the command and what it prints with --debug",
        )
        return 1


def _say_refusal(error: OSError, state: State) -> None:
    """Tell of a disk that is full, a folder that is read-only, and the like."""
    state.show_trace()
    reason = (error.strerror or type(error).__name__).lower()
    name = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    say(f"{name}{reason}", "check the disk and its permissions")


def _prepare_streams() -> None:
    """Make sure that both streams are there and can take any character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_stdout() -> None:
    """Point stdout at nothing, or Python's own flush at exit would fail once more."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


@contextlib.contextmanager
def _ending_tidily() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does: unfinished files and the pool's processes go away."""

    def end(*_: Any) -> None:
        raise SystemExit(TERMINATED)

    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

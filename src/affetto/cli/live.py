"""`affetto live`: sound as it is played in, a line a hop out."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import click

from affetto.cli.options import COUNT, Verb, bundle_option, positive, say
from affetto.interrupts import whole

if TYPE_CHECKING:
    from collections.abc import Generator

    from affetto.bundles import Bundle
    from affetto.cli.sounds import Samples

SAMPLE_FORMATS = ("s16le", "s32le", "f32le")  # of affetto.live, which costs NumPy
_TABLE_TOP = 3
_WIDTH = 80


@click.command(cls=Verb)
@click.argument("source", required=False, metavar="[-|PIPE]")
@bundle_option
@click.option(
    "--rate",
    type=COUNT,
    default=44_100,
    show_default=True,
    metavar="HZ",
    help="Samples a second.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Channels; by default 2 of a pipe, 1 of the microphone.",
)
@click.option(
    "--sample-format",
    type=click.Choice(SAMPLE_FORMATS),
    default="s16le",
    show_default=True,
    help="How a pipe's samples are written.",
)
@click.option("--device", metavar="NAME|NUMBER", help="The microphone; by default the system's.")
@click.option(
    "--hop-s",
    type=float,
    callback=positive,
    metavar="SECONDS",
    help="Time between two lines; by default the bundle's.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "jsonl"]),
    help="By default a table on a terminal, else JSON lines.",
)
@click.option(
    "--top",
    type=COUNT,
    metavar="N",
    help="At most N tags a line; by default 3 in the table, else all.",
)
@click.option("--osc", metavar="HOST:PORT", help="Also send each window as OSC messages.")
def live(
    source: str | None,
    bundle: str,
    rate: int,
    channels: int | None,
    sample_format: str,
    device: str | None,
    hop_s: float | None,
    format_name: str | None,
    top: int | None,
    osc: str | None,
) -> int:
    """Score sound as it comes: of the microphone, or raw samples of a pipe.

    - is stdin, and a path a named pipe: ffmpeg -re -i FILE -f s16le -ac 2 -ar 44100 - | affetto
    live -
    """
    from affetto import bundles
    from affetto.cli import sounds
    from affetto.cli.osc import Osc
    from affetto.live import Listener, RawSamples

    if source is not None and device is not None:
        raise click.UsageError("--device is for the microphone", click.get_current_context())
    loaded = bundles.load(bundle)
    listener = Listener(loaded, rate, hop_s)
    if source is None:
        heard = sounds.microphone(rate, channels or 1, device)
    else:
        heard = sounds.piped(source, RawSamples(sample_format, channels or 2))
    is_table = (format_name or ("table" if sys.stdout.isatty() else "jsonl")) == "table"
    write = _Table(loaded, top or _TABLE_TOP) if is_table else _JsonLines(top)
    # Ctrl-C is how a microphone ends; a pipe has an end of its own.
    ending = contextlib.suppress(KeyboardInterrupt) if source is None else contextlib.nullcontext()
    with (
        ending,
        contextlib.nullcontext() if osc is None else Osc(osc) as sender,
        closing(cast("Generator[Samples]", heard)),
    ):
        _follow(heard, listener, loaded, rate, write, sender)
    return 0


def _follow(
    heard: Iterator[Samples],
    listener: Any,
    bundle: Bundle,
    rate: int,
    write: Callable[[dict[str, Any]], None],
    sender: Any,
) -> None:
    """Write each window as soon as its sound is there. Raises: AudioEmpty for less than one."""
    from affetto.errors import AudioEmpty
    from affetto.live import moments

    n_samples, is_any, is_osc_lost = 0, False, False
    for samples in heard:
        n_samples += len(samples)
        found = listener.push(samples)
        for moment in () if found is None else moments(found):
            is_any = True
            with whole():
                write(moment)
                sys.stdout.flush()
            try:
                if sender is not None:
                    sender.send(moment)
            except OSError as error:
                if not is_osc_lost:
                    reason = (error.strerror or type(error).__name__).lower()
                    say(f"OSC messages do not get through ({reason})", "the scores go on")
                is_osc_lost = True
    if not is_any:
        raise AudioEmpty(
            f"{n_samples / rate:.1f} s of sound came, too little for a window",
            f"send at least {bundle.window_s:.1f} s, or see to --rate and --channels",
        )


class _JsonLines:
    """A JSON object a window, as `WS /v1/live` sends it."""

    def __init__(self, top: int | None) -> None:
        self._top = top

    def __call__(self, moment: dict[str, Any]) -> None:
        tags = dict(_strongest(moment, self._top)) if self._top else moment["tags"]
        click.echo(json.dumps({**moment, "tags": tags}))


class _Table:
    """A line a window, for people: when, where on the mood map, and the strongest tags."""

    def __init__(self, bundle: Bundle, top: int) -> None:
        vocabulary = bundle.tag_heads[0].spec.vocabulary
        assert vocabulary is not None
        self._titles = dict(zip(vocabulary.tags, vocabulary.titles, strict=True))
        self._top = top
        self._is_begun = False

    def __call__(self, moment: dict[str, Any]) -> None:
        if not self._is_begun:
            click.echo("    time  valence  arousal      strongest tags")
            self._is_begun = True
        minutes, seconds = divmod(moment["end_s"], 60)
        time = f"{int(minutes)}:{seconds:04.1f}"
        if not moment["weight"]:
            click.echo(f"{time:>8}        -        -      silence")
            return
        tags = ", ".join(
            f"{self._titles[tag]} {score:.2f}" for tag, score in _strongest(moment, self._top)
        )
        place = f"{moment['valence']:>+9.2f}{moment['arousal']:>+9.2f}  {moment['quadrant']}"
        click.echo(_cut(f"{time:>8}{place}  {tags}"))


def _strongest(moment: dict[str, Any], top: int) -> list[tuple[str, float]]:
    ranked = sorted(moment["tags"].items(), key=lambda item: -item[1])
    return ranked[:top]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."

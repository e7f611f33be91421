"""Moods into the tags of music files, and out of them again.

Aim: a player finds the moods where it looks for them, and nothing else in the file changes.

    plan_write   a file and its moods -> what would change, field by field
    plan_undo    a file               -> what would be put back
    carry_out    a plan               -> the file with it, replaced whole or left alone

A plan changes nothing, so a dry run is a plan that is shown. Carrying it out writes a copy
beside the file, changes the tags of the copy, and reads it again: the decoded samples and all
other tags must be those of the file, or the file stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from affetto.audio import display
from affetto.errors import AffettoError, TagUnwritable
from affetto.library.tagging.containers import Container, Held, open_container
from affetto.library.tagging.fields import (
    DEFAULT_TOP,
    FIELDS,
    Moods,
    TagSettings,
    Texts,
    Words,
    read_words,
    texts_of,
)
from affetto.library.tagging.journal import Entry, Journal
from affetto.library.tagging.replacing import (
    Seen,
    audio_digest,
    check_replaceable,
    copy_beside,
    put_in_place,
    real_path,
    refusal,
)
from affetto.library.tagging.stored import stored_moods

__all__ = [
    "DEFAULT_TOP",
    "FIELDS",
    "Difference",
    "Journal",
    "Moods",
    "Plan",
    "TagSettings",
    "Words",
    "carry_out",
    "check",
    "plan_undo",
    "plan_write",
    "read_words",
    "stored_moods",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that changes: its native name, and its texts before and after."""

    field: str
    name: str
    old: Texts
    new: Texts


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to a file. Nothing, where there are no differences.

    `path` is as given, `target` the file itself; `notes` say what is left alone and why.
    `entry` is what the journal knows once the plan is carried out, None if nothing is left.
    """

    path: Path
    target: Path
    container: Container
    seen: Seen
    differences: tuple[Difference, ...]
    changes: Mapping[str, Texts | Held]
    notes: tuple[str, ...]
    audio_sha256: str | None
    entry: Entry | None
    former: Entry | None
    is_undo: bool


def check(path: Path, *, break_hard_links: bool = False) -> None:
    """Refuse early a file that could not be written. Raises: AudioError, TagError."""
    target = real_path(path)
    check_replaceable(target, break_hard_links=break_hard_links)
    _opened(target)


def plan_write(path: Path, moods: Moods, settings: TagSettings, journal: Journal) -> Plan:
    """Say what writing moods into a file would change. Raises: AudioError, TagError.

    Where a field has nothing to say, what affetto wrote there goes away, and what anybody else
    wrote stays.
    """
    target = real_path(path)
    seen, container = _opened(target)
    former = journal.find(target)
    if former is None or former.audio_sha256 != moods.audio_sha256:
        former = journal.find_moved(moods.audio_sha256)
    before, written, earlier = _remembered(former)
    held = container.held()
    changes: dict[str, Texts | Held] = {}
    differences = []
    notes = []
    for name, new in texts_of(moods, settings).items():
        current = held.get(name, Held(container.form))
        is_ours = former is not None and former.is_ours(name, current.texts)
        if current.texts == new and container.is_canonical(name, current):
            continue
        if not new and not is_ours:
            notes.append(f"{name} stays as it is: no emotion is above its threshold")
            continue
        changes[name] = new
        differences.append(Difference(name, container.name_of(name), current.texts, new))
        if is_ours:
            earlier[name] = current.texts
        else:
            before[name] = current
            earlier.pop(name, None)
        written[name] = new
    return Plan(
        path=path,
        target=target,
        container=container,
        seen=seen,
        differences=tuple(differences),
        changes=changes,
        notes=tuple(notes),
        audio_sha256=moods.audio_sha256,
        entry=Entry(target, moods.audio_sha256, before, written, earlier),
        former=former,
        is_undo=False,
    )


def plan_undo(path: Path, journal: Journal, fields: Texts = FIELDS) -> Plan:
    """Say what putting back would change. Raises: AudioError, TagError.

    A field that no longer holds what affetto wrote was changed by somebody: it stays.
    """
    target = real_path(path)
    seen, container = _opened(target)
    held = container.held()
    former = journal.find(target)
    if former is None and held:  # it may have been moved: then its sound says which it is
        former = journal.find_moved(audio_digest(target, container.sample_rate))
    changes: dict[str, Texts | Held] = {}
    differences = []
    notes = []
    before, written, earlier = _remembered(former)
    if former is None:
        notes.append("affetto has written nothing here, or does not know of it")
    for name in [name for name in FIELDS if name in written and name in fields]:
        current = held.get(name, Held(container.form))
        old = before[name]
        is_ours = former is not None and former.is_ours(name, current.texts)
        if not is_ours and current.texts != old.texts:
            notes.append(f"{name} stays as it is: it was changed since affetto wrote it")
            continue
        del written[name], before[name]
        earlier.pop(name, None)
        if (current.texts, current.names) == (old.texts, old.names):
            continue
        # What was held is put back to the byte, unless the tag has become another kind since.
        changes[name] = old if old.form == container.form else old.texts
        differences.append(Difference(name, container.name_of(name), current.texts, old.texts))
    return Plan(
        path=path,
        target=target,
        container=container,
        seen=seen,
        differences=tuple(differences),
        changes=changes,
        notes=tuple(notes),
        audio_sha256=None,
        entry=None
        if former is None or not written
        else Entry(target, former.audio_sha256, before, written, earlier),
        former=former,
        is_undo=True,
    )


def carry_out(
    plan: Plan, journal: Journal, *, keep_times: bool = False, break_hard_links: bool = False
) -> None:
    """Do what a plan says. Raises: AudioError, TagError; then the file is as it was."""
    from mutagen import MutagenError

    if not plan.changes:
        if plan.is_undo:
            _remember(plan, journal)
        return
    path = plan.target
    check_replaceable(path, break_hard_links=break_hard_links)
    try:
        with copy_beside(path) as copy:
            plan.container.save_copy(copy, plan.changes)
            _verify(plan, copy)
            if not plan.is_undo:
                # Before the file: a crash in between must not leave a file without a way back.
                _remember(plan, journal)
            put_in_place(copy, path, plan.seen, keep_times=keep_times)
            if plan.is_undo:  # and for the same reason after it
                _remember(plan, journal)
    except MutagenError as error:
        inner = next((arg for arg in error.args if isinstance(arg, OSError)), error.__context__)
        if isinstance(inner, OSError):
            raise refusal(path, inner) from error
        raise TagUnwritable(
            f"{display(path)}: its tags cannot be written ({display(str(error))})",
            "the file is as it was",
        ) from error
    except OSError as error:
        if isinstance(error, AffettoError):  # some of which are errors of the system too
            raise
        raise refusal(path, error) from error


def _opened(target: Path) -> tuple[Seen, Container]:
    from affetto.audio.paths import stat_error

    try:
        return Seen.of(target), open_container(target)
    except (OSError, ValueError) as error:
        raise stat_error(target, error) from error


def _remembered(
    entry: Entry | None,
) -> tuple[dict[str, Held], dict[str, Texts], dict[str, Texts]]:
    """Give what an entry says, before and written and earlier, to be changed."""
    if entry is None:
        return {}, {}, {}
    return dict(entry.before), dict(entry.written), dict(entry.earlier)


def _remember(plan: Plan, journal: Journal) -> None:
    """Let the journal know what it is to know once the plan is carried out."""
    former = None if plan.former is None else plan.former.path
    if plan.entry is not None:
        journal.record(plan.entry, former)
    elif former is not None:
        journal.forget(former)


def _verify(plan: Plan, copy: Path) -> None:
    """Make sure that a copy differs in what was planned and in nothing else.

    Raises: TagUnwritable.
    """
    new = open_container(copy)
    shown = display(plan.target)
    if new.others() != plan.container.others():
        raise TagUnwritable(
            f"{shown}: writing would change other tags of this file too",
            "save its tags with a tag editor first, which puts them in order",
        )
    held = new.held()
    for difference in plan.differences:
        if held.get(difference.field, Held(new.form)).texts != difference.new:
            raise TagUnwritable(
                f"{shown}: the copy does not hold what was written to it", "please report this"
            )
    sample_rate = plan.container.sample_rate
    expected = plan.audio_sha256
    if expected is None:
        expected = audio_digest(plan.target, sample_rate)
    if audio_digest(copy, sample_rate) != expected:
        raise TagUnwritable(
            f"{shown}: its sound is not what was scored", "score it again; the file is as it was"
        )

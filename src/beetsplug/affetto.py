"""The emotions of songs as fields of a beets library, for its queries and smart playlists.

    beet import ALBUM                                    # scores what is imported
    beet affetto [QUERY]                                 # scores what is there already
    beet ls affetto_valence:0.2.. affetto_happy:0.5..
    beet ls affetto_quadrant:Q4 mood:tender

`docs/players.md` describes fields and options. What affetto writes into files is kept under the
same names here, so a song that carries its scores in its own tags is known when it is imported;
and what `affetto scan` has scored is taken from its library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import beets
import mediafile
from beets import ui
from beets.dbcore import types
from beets.dbcore.query import NumericQuery
from beets.exceptions import UserError
from beets.library import ReadError
from beets.plugins import BeetsPlugin

import affetto
from affetto import bundles
from affetto.core import Failure, Prediction
from affetto.errors import AffettoError, LibraryError
from affetto.library import Library, StoredBundle, default_path
from affetto.library.tagging import FIELDS, Moods, TagSettings, Words, read_words
from affetto.library.tagging.fields import AROUSAL, BUNDLE, MOOD, SCORES, TAGS, VALENCE, texts_of

if TYPE_CHECKING:
    from optparse import Values

    from beets.dbcore import Model
    from beets.importer import ImportSession, ImportTask
    from beets.library import Item
    from beets.library import Library as BeetsLibrary

ERROR = "affetto_error"
DIGITS = 3
SEPARATOR = "; "


class KnownNumberQuery(NumericQuery):
    """A range that a song without the number does not lie in."""

    def match(self, obj: Model) -> bool:
        return obj.get(self.field_name) is not None and super().match(obj)


class Number(types.NullFloat):
    """A number, or nothing: zero would be a place on the mood map."""

    query = KnownNumberQuery

    def __init__(self) -> None:
        super().__init__(DIGITS)

    def format(self, value: float | None) -> str:
        return "" if value is None else super().format(value)


class Text(types.Default):
    """A text, or nothing: an empty one would be written into files that were not scored."""

    def format(self, value: str | None) -> str:
        return value or ""


class JoinedField(mediafile.ListMediaField):  # type: ignore[misc]  # mediafile is not typed
    """Several values in a file's tag, one text in beets.

    A list would be more of beets' kind, but `beet modify mood!` fails on lists that are no
    fields of beets itself.
    """

    def __get__(self, file: mediafile.MediaFile, owner: object = None) -> str | None:
        return SEPARATOR.join(super().__get__(file, owner) or ()) or None

    def __set__(self, file: mediafile.MediaFile, text: str) -> None:
        super().__set__(file, text.split(SEPARATOR))


NUMBER, TEXT = Number(), Text()

_NUMBERS, _LISTS = (VALENCE, AROUSAL), (MOOD, TAGS)


class AffettoPlugin(BeetsPlugin):
    """Scores songs on import and on demand; each is stored as soon as it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.config.add(
            {
                "auto": True,
                "bundle": "default",
                "db": None,
                "in_files": True,
                "jobs": 1,
                "top": 5,
                "words": None,
            }
        )
        self.item_types = {_field(name): _type_of(name) for name in FIELDS} | {ERROR: TEXT}
        for tag in self._tags():
            name = f"affetto_{tag}"
            if name not in self.item_types:
                self.item_types[name] = NUMBER
                self.template_fields[name] = _score_of(tag)
        if self.config["in_files"].get(bool):
            for name in FIELDS:
                self.add_media_field(_field(name), _media_field(name))
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]

    def commands(self) -> Sequence[ui.Subcommand]:
        command = ui.Subcommand("affetto", help="score the emotions of songs")
        command.parser.add_option(
            "-f",
            "--force",
            action="store_true",
            default=False,
            help="also songs that are known, or failed before",
        )
        command.parser.add_option(
            "-p", "--pretend", action="store_true", default=False, help="only say which songs"
        )
        command.parser.add_option(
            "-w",
            "--write",
            action="store_true",
            default=None,
            help="write moods into the files' tags, those of known songs too",
        )
        command.parser.add_option(
            "-W",
            "--nowrite",
            dest="write",
            action="store_false",
            help="do not write them (else what import.write says)",
        )
        command.func = self.scored
        return [command]

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Score what is being imported; beets writes the files' tags afterward."""
        try:
            self._score(self._parted(task.imported_items())[1], write=False)
        except AffettoError as error:  # songs are imported all the same
            self._log.error("{}", error)

    def scored(self, library: BeetsLibrary, options: Values, query: list[str]) -> None:
        """Do `beet affetto`."""
        in_files = self.config["in_files"].get(bool)
        if options.write and not in_files:
            raise UserError("nothing can be written: affetto.in_files is off in the configuration")
        items = list(library.items(query))
        known, to_score = ([], items) if options.force else self._parted(items)
        if options.pretend:
            for item in to_score:
                ui.print_(format(item))
            return
        try:
            self._score(to_score, write=in_files and ui.should_write(options.write))
        except AffettoError as error:
            raise UserError(str(error)) from error
        if options.write:
            for item in filter(_is_behind, known):
                item.try_write()
                item.store()

    # ------------------------------------------------------------------ what is to be done

    def _parted(self, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        """Part songs into those known and those to score; those that failed are neither."""
        known = [item for item in items if item.get(_field(VALENCE)) is not None]
        rest = [item for item in items if item.get(_field(VALENCE)) is None]
        to_score = [item for item in rest if not item.get(ERROR)]
        bundle = self._title()
        n_stale = sum(bundle not in (None, item.get(_field(BUNDLE))) for item in known)
        n_failed = len(rest) - len(to_score)
        if known:
            self._log.info("{} known already", _songs(len(known)))
        if n_stale:
            self._log.info("{} scored by another bundle; to score again: -f", _songs(n_stale))
        if n_failed:
            self._log.info("{} failed before; to try again: -f {}::.", _songs(n_failed), ERROR)
        return known, to_score

    # ------------------------------------------------------------------ doing it

    def _score(self, items: list[Item], *, write: bool) -> None:
        """Score songs. Raises: BundleError, BadConfig."""
        if not items:
            return
        settings = self._settings
        n_failed = 0
        for item, result in self._results(items):
            if isinstance(result, Failure):
                n_failed += 1
                self._log.warning("{}", result)
                item[ERROR] = result.code
            else:
                _fill(item, result, settings)
                if write:
                    item.try_write()
            item.store()
        self._log.info("{} scored, {} failed", _songs(len(items) - n_failed), n_failed)

    def _results(self, items: list[Item]) -> Iterator[tuple[Item, Prediction | Failure]]:
        """Give each song with what is said of it, first those that a scan has scored."""
        left = {str(item.filepath): item for item in items}
        with closing(self._known_to_a_scan(list(left))) as found:
            for path, prediction in found:
                yield left.pop(path), prediction
        jobs = self.config["jobs"].get(int)
        results = affetto.predict_many(list(left), self._bundle, jobs=jobs)
        with closing(cast("Generator[Prediction | Failure]", results)):  # with it the processes
            for result in results:
                yield left[result.path], result

    def _known_to_a_scan(self, paths: list[str]) -> Generator[tuple[str, Prediction]]:
        """Give what the library of `affetto scan` says of these files as they are now."""
        db = self.config["db"].get()
        try:
            if db is None and not default_path().exists():
                return
            where = None if db is None else self.config["db"].as_filename()
            with Library.open(where) as library:
                bundle = next(
                    (b for b in library.bundles() if b.fingerprint == self._bundle.fingerprint),
                    None,
                )
                if bundle is None:
                    return
                for path in paths:
                    prediction = _prediction(library, bundle, path)
                    if prediction is not None:
                        yield path, prediction
        except LibraryError as error:
            self._log.warning("{}", error)

    # ------------------------------------------------------------------ what was configured

    @cached_property
    def _bundle(self) -> affetto.Bundle:
        return bundles.load(self._bundle_name())

    @cached_property
    def _settings(self) -> TagSettings:
        words: Words | None = None
        if self.config["words"].get() is not None:
            vocabularies = [head.spec.vocabulary for head in self._bundle.tag_heads]
            path = Path(self.config["words"].as_filename())
            words = read_words(path, [each for each in vocabularies if each is not None])
        return TagSettings(top=self.config["top"].get(int), words=words)

    def _bundle_name(self) -> str:
        """Give a bundle's name, or its folder's path with the user's home in place of ~."""
        return os.path.expanduser(self.config["bundle"].as_str())  # noqa: PTH111 (a name stays one)

    def _manifest(self) -> dict[str, Any]:
        """Read what a bundle says of itself: each `beet` needs that, its network few of them.

        Gives an empty one where there is none; to score will then say what is wrong.
        """
        try:
            folder = bundles.find(self._bundle_name())
            content: dict[str, Any] = json.loads((folder / "bundle.json").read_bytes())
        except (AffettoError, OSError, ValueError):
            return {}
        return content

    def _tags(self) -> list[str]:
        """Give the tags of the bundle's main vocabulary."""
        heads = self._manifest().get("heads", [])
        return next((head["tags"] for head in heads if head.get("kind") == "tags"), [])

    def _title(self) -> str | None:
        """Give the bundle's name and version as files and fields name it."""
        manifest = self._manifest()
        return f"{manifest['name']} {manifest['version']}" if manifest else None


def _field(name: str) -> str:
    """Give the beets field of a field that `affetto tag` writes."""
    return name.lower()


def _type_of(name: str) -> types.Type[Any, Any]:
    return NUMBER if name in _NUMBERS else TEXT


def _songs(n: int) -> str:
    return f"{n:,} song" if n == 1 else f"{n:,} songs"


def _is_behind(item: Item) -> bool:
    """Say whether a song's file does not hold what beets knows."""
    try:
        there = item.from_path(item.path)
    except ReadError:  # which writing will tell
        return True
    return any(there.get(_field(name)) != item.get(_field(name)) for name in FIELDS)


def _score_of(tag: str) -> Callable[[Item], float | None]:
    """Give how to read a tag's score out of a song's `affetto_scores`."""

    def score(item: Item) -> float | None:
        for pair in (item.get(_field(SCORES)) or "").split():
            name, _, number = pair.partition("=")
            if name == tag:
                return float(number)
        return None

    return score


def _prediction(library: Library, bundle: StoredBundle, path: str) -> Prediction | None:
    """Give what a scan said of a file, if the file is still as it was then."""
    track = library.track(path, bundle=bundle)
    try:
        status = Path(path).stat()
    except OSError:
        return None
    stamp = (status.st_size, status.st_mtime_ns)
    if track is None or (track.size_bytes, track.mtime_ns) != stamp:
        return None
    return library.prediction(track.id, bundle=bundle)


def _fill(item: Item, prediction: Prediction, settings: TagSettings) -> None:
    """Set the fields of a song; a mood that somebody else has given stays."""
    moods = Moods.of(prediction)
    texts = texts_of(moods, settings)
    former = (item.get(_field(TAGS)) or "").split(SEPARATOR)
    ours = [moods.titles.get(tag, "") for tag in former]
    if settings.words is not None:
        ours = list(settings.words.of(former))
    is_ours = (item.get(_field(MOOD)) or "") in ("", SEPARATOR.join(ours))
    for name in FIELDS:
        text = SEPARATOR.join(texts[name])
        if name in _NUMBERS:
            item[_field(name)] = float(text)
        elif name != MOOD or is_ours:
            item[_field(name)] = text or None
    item[ERROR] = None


def _media_field(name: str) -> mediafile.MediaField:
    """Give where a field lies in files: where `affetto tag` writes it, see docs/tagging.md."""
    in_mp4, in_asf = f"----:com.apple.iTunes:{name}", "WM/Mood" if name == MOOD else name
    if name not in _LISTS:
        return mediafile.MediaField(
            mediafile.MP3DescStorageStyle(name, float_places=DIGITS),
            mediafile.MP4StorageStyle(in_mp4, float_places=DIGITS),
            mediafile.StorageStyle(name, float_places=DIGITS),
            mediafile.ASFStorageStyle(in_asf, float_places=DIGITS),
            out_type=float if name in _NUMBERS else str,
        )
    # TMOO is of ID3v2.4; where beets writes 2.3, mutagen would drop it.
    is_old = beets.config["id3v23"].get(bool)
    in_mp3 = (
        mediafile.MP3ListStorageStyle("TMOO")
        if name == MOOD and not is_old
        else mediafile.MP3ListDescStorageStyle(name)
    )
    return JoinedField(
        in_mp3,
        mediafile.MP4ListStorageStyle(in_mp4),
        mediafile.ListStorageStyle(name),
        mediafile.ASFStorageStyle(in_asf),
    )

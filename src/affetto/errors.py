"""The errors that affetto raises on purpose: one root, each with a sentence and a hint.

Every error says what went wrong and where (`message`) and what to do about it (`hint`).
`code` is a stable slug for JSON, databases and documentation. Classes that stand for a
condition which Python already names also derive from the built-in error, so that
`except FileNotFoundError` keeps working for users of the library.
"""

from __future__ import annotations


class AffettoError(Exception):
    """Root of all expected errors: `message` is one sentence, `hint` says what to do."""

    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class AudioError(AffettoError):
    """A piece of audio cannot be used."""

    code = "audio"


class AudioNotFound(AudioError, FileNotFoundError):
    """There is no such file, or a folder holds no audio."""

    code = "audio-not-found"


class AudioUnreadable(AudioError):
    """The file is there but cannot be decoded, or is not sound."""

    code = "audio-unreadable"


class AudioEmpty(AudioError):
    """The file decodes, but holds no sound to score: silence, or too short."""

    code = "audio-empty"


class UsageError(AffettoError):
    """affetto was asked for something that it cannot do as asked."""

    code = "usage"


class UnknownName(UsageError, LookupError):
    """A registry has no member of this name."""

    code = "unknown-name"


class BadConfig(UsageError, ValueError):
    """A setting is unknown, of the wrong type, or out of range."""

    code = "bad-config"


class QueryInvalid(BadConfig):
    """A search cannot be read; `excerpt` shows where, with a caret under the place."""

    code = "query-invalid"

    def __init__(self, message: str, hint: str = "", excerpt: str = "") -> None:
        super().__init__(message, hint)
        self.excerpt = excerpt


class MissingExtra(UsageError, ImportError):
    """An optional dependency is not installed."""

    code = "missing-extra"


class DatasetError(AffettoError):
    """A data set cannot be used."""

    code = "dataset"


class DatasetMissing(DatasetError):
    """A data set's files are not where they were looked for."""

    code = "dataset-missing"


class DatasetInvalid(DatasetError):
    """A data set's files are there but damaged or not in the expected layout."""

    code = "dataset-invalid"


class BundleError(AffettoError):
    """A bundle cannot be used."""

    code = "bundle"


class BundleMissing(BundleError):
    """There is no bundle of this name or at this path."""

    code = "bundle-missing"


class BundleInvalid(BundleError):
    """A bundle is damaged, foreign, or of another schema version."""

    code = "bundle-invalid"


class TagError(AffettoError):
    """A file's own tags cannot be read or changed."""

    code = "tag"


class TagUnsupported(TagError):
    """The format of this file has no place for moods that players would find."""

    code = "tag-unsupported"


class TagDamaged(TagError):
    """The file's tags or its container are damaged, so a change could lose something."""

    code = "tag-damaged"


class TagUnwritable(TagError):
    """The file, its folder or the journal for undo cannot be written as things are."""

    code = "tag-unwritable"


class LibraryError(AffettoError):
    """A library of scored music cannot be used."""

    code = "library"


class LibraryMissing(LibraryError):
    """There is no library at this path."""

    code = "library-missing"


class LibraryInvalid(LibraryError):
    """The file is not a library, or it is damaged."""

    code = "library-invalid"


class LibraryNewer(LibraryError):
    """A newer affetto has written the library, in a form that this one does not know."""

    code = "library-newer"


class LibraryLocked(LibraryError):
    """Another process has been writing to the library for too long."""

    code = "library-locked"


class LibraryUnwritable(LibraryError):
    """The library cannot be written: a full disk, or no permission."""

    code = "library-unwritable"

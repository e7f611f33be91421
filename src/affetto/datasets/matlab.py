"""Arrays of a MATLAB file, as far as data sets need them: SciPy, which reads all, weighs 114 MB.

Source: MathWorks, "MAT-File Format", level 5: after a header of 128 bytes, elements of a type, a
length and data padded to 8 bytes; a matrix is an element made of elements.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.errors import DatasetInvalid

Array = npt.NDArray[np.float64]

_HEADER_BYTES = 128
_LITTLE_ENDIAN = b"IM"
_TYPES = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_MATRIX, _COMPRESSED = 14, 15
_STRUCT_CLASS, _NUMBER_CLASSES = 2, range(6, 16)


def read_arrays(path: Path) -> dict[str, Array]:
    """Give the file's arrays of numbers by name; those of a struct by the names of its fields.

    Raises: DatasetInvalid when the file cannot be read, or is another kind of file.
    """
    try:
        content = path.read_bytes()
        if content[126:128] != _LITTLE_ENDIAN:
            raise ValueError("not a MATLAB file of level 5")
        found: dict[str, Array] = {}
        for kind, data in _elements(content[_HEADER_BYTES:]):
            if kind == _COMPRESSED:
                kind, data = next(_elements(zlib.decompress(data)))
            if kind == _MATRIX:
                found.update(_arrays(data))
    except (OSError, ValueError, IndexError, StopIteration, struct.error, zlib.error) as error:
        raise DatasetInvalid(
            f"{path} cannot be read: {error or 'it ends early'}",
            "take the file as it was distributed",
        ) from error
    return found


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give (type, data) of the elements that follow each other in `data`."""
    at = 0
    while at < len(data):
        kind, n_bytes = struct.unpack_from("<II", data, at)
        at += 8
        if kind > 0xFFFF:  # a small element keeps length, type and data in 8 bytes
            kind, n_bytes, at = kind & 0xFFFF, kind >> 16, at - 4
            padded = 4
        else:  # all but what is compressed fills up to 8 bytes
            padded = n_bytes if kind == _COMPRESSED else -(-n_bytes // 8) * 8
        if at + n_bytes > len(data):
            raise ValueError("it ends early")
        yield kind, data[at : at + n_bytes]
        at += padded


def _arrays(matrix: bytes, field: str = "") -> dict[str, Array]:
    """Read a matrix: an array of numbers, or a struct of such; other classes give nothing."""
    parts = _elements(matrix)
    matrix_class = int(_numbers(*next(parts))[0]) & 0xFF
    shape = [int(n) for n in _numbers(*next(parts))]
    name = next(parts)[1].decode("ascii")
    if matrix_class in _NUMBER_CLASSES:
        return {field or name: _numbers(*next(parts)).reshape(shape, order="F")}
    found: dict[str, Array] = {}
    if matrix_class == _STRUCT_CLASS:
        length = int(_numbers(*next(parts))[0])
        names = next(parts)[1]
        for first, (_, data) in zip(range(0, len(names), length), parts, strict=True):
            found.update(_arrays(data, names[first : first + length].rstrip(b"\0").decode("ascii")))
    return found


def _numbers(kind: int, data: bytes) -> Array:
    if kind not in _TYPES:
        raise ValueError(f"numbers of the unknown type {kind}")
    return np.frombuffer(data, _TYPES[kind]).astype(np.float64)

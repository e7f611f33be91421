"""Parquet: the rows of the tidy table in typed columns, a fraction of its size."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from affetto.core import Prediction
from affetto.errors import MissingExtra
from affetto.writers.base import Selection, Writer
from affetto.writers.tidy import Row, rows_of

GROUP_ROWS = 100_000
"""So many rows at least are written at once: small groups pack badly."""


def arrow() -> tuple[Any, Any]:
    """Give pyarrow and its module of Parquet files. Raises: MissingExtra without them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra(
            "Parquet needs pyarrow", "run: pip install 'affetto[parquet]'"
        ) from error
    return pyarrow, pyarrow.parquet


class ParquetWriter(Writer):
    """Rows are kept until there is a group of them; `close` writes the rest and the footer.

    Raises: MissingExtra without pyarrow.
    """

    is_binary = True
    media_type = "application/vnd.apache.parquet"

    def __init__(self, stream: BinaryIO, selection: Selection) -> None:
        super().__init__(stream, selection)
        pyarrow, parquet = arrow()
        self._schema = _schema(pyarrow)
        self._from_columns = pyarrow.Table.from_pydict
        self._sink = _Sink(stream)
        self._file = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Row] = []
        self._is_closed = False

    def add(self, prediction: Prediction) -> None:
        self._waiting.extend(rows_of(prediction, self.selection))
        if len(self._waiting) >= GROUP_ROWS:
            self._write()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._waiting:
            self._write()
        self._file.close()
        self._sink.close()
        super().close()

    def _write(self) -> None:
        columns = zip(*self._waiting, strict=True)
        named = dict(zip(Row._fields, map(list, columns), strict=True))
        self._file.write_table(self._from_columns(named, schema=self._schema))
        self._waiting.clear()


def _schema(pyarrow: Any) -> Any:
    text, number, truth = pyarrow.string(), pyarrow.float64(), pyarrow.bool_()
    kinds = (text, number, number, number, text, text, number, truth)
    return pyarrow.schema(list(zip(Row._fields, kinds, strict=True)))


class _Sink(io.RawIOBase):
    """A stream that knows its place, which pyarrow asks for and a pipe cannot tell.

    Closing it leaves the stream open.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._n_bytes = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._n_bytes

    def write(self, data: Any) -> int:
        self._stream.write(data)
        n_bytes = memoryview(data).nbytes
        self._n_bytes += n_bytes
        return n_bytes

    def flush(self) -> None:
        if not self._stream.closed:  # as it is when a writer that failed is thrown away
            self._stream.flush()

"""Ranges: whatever part of a file is asked for, the bytes are those of the file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from affetto.service import media
from affetto.service.problems import Problem

CONTENT = bytes(range(256)) * 3
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "a.flac"
    path.write_bytes(CONTENT)
    return path


def asked(path: Path, value: str) -> tuple[int, bytes, dict[str, str]]:
    """Give status, content and headers of an answer to `Range: value`."""
    scope = {"type": "http", "method": "GET", "headers": [(b"range", value.encode("latin-1"))]}

    async def answered() -> tuple[int, bytes, dict[str, str]]:
        answer = await media.answer(path, Request(scope))
        content = b"".join([part async for part in answer.body_iterator])  # type: ignore[attr-defined]
        return answer.status_code, content, dict(answer.headers)

    return asyncio.run(answered())


@given(first=st.integers(0, SIZE + 5), last=st.integers(0, SIZE + 5))
def test_range_gives_the_bytes_from_first_to_last(path: Path, first: int, last: int) -> None:
    if first >= SIZE and last >= first:
        with pytest.raises(Problem) as raised:
            asked(path, f"bytes={first}-{last}")
        assert raised.value.status == 416
        return
    status, content, headers = asked(path, f"bytes={first}-{last}")
    if last < first:  # which means nothing
        assert (status, content) == (200, CONTENT)
        return
    assert (status, content) == (206, CONTENT[first : last + 1])
    assert headers["content-range"] == f"bytes {first}-{min(last, SIZE - 1)}/{SIZE}"
    assert headers["content-length"] == str(len(content))


@given(st.integers(1, 2 * SIZE))
def test_range_from_the_end_gives_the_last_bytes(path: Path, n_bytes: int) -> None:
    status, content, _ = asked(path, f"bytes=-{n_bytes}")
    assert (status, content) == (206, CONTENT[-n_bytes:])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_range_that_means_nothing_gives_the_whole(path: Path, value: str) -> None:
    status, content, _ = asked(path, f"bytes = {value}x")
    assert (status, content) == (200, CONTENT)

"""ID3 as bytes: every version, every oddity, and mutagen as the witness of what is written."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import ID3

from affetto.errors import TagDamaged
from affetto.library.tagging import id3
from affetto.library.tagging.fields import FIELDS, MOOD, VALENCE


def synchsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(version: int, body: bytes, flags: int = 0) -> bytes:
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(body)) + body


def frame(version: int, name: bytes, payload: bytes, flags: int = 0) -> bytes:
    if version == 2:
        return name + len(payload).to_bytes(3, "big") + payload
    size = synchsafe(len(payload)) if version == 4 else struct.pack(">I", len(payload))
    return name + size + bytes([0, flags]) + payload


def texts(data: bytes, name: str) -> tuple[str, ...]:
    return id3.held(id3.parse(data))[name].texts


NAMES = {2: st.from_regex(rb"\A[A-Z][A-Z0-9]{2}\Z"), 3: st.from_regex(rb"\A[A-Z][A-Z0-9]{3}\Z")}
NAMES[4] = NAMES[3]


@st.composite
def tags(draw: st.DrawFn) -> bytes:
    """Make tags of any version with any frames, ours among them, and any padding."""
    version = draw(st.sampled_from([2, 3, 4]))
    ours = [b"TXX", b"TXX"] if version == 2 else [b"TXXX", b"TMOO"]
    contents = st.binary(max_size=300) | st.sampled_from(
        [b"\0MOOD\0Old", b"\0affetto_valence\x001"]
    )
    frames = draw(st.lists(st.tuples(NAMES[version] | st.sampled_from(ours), contents), max_size=6))
    body = b"".join(frame(version, name, payload) for name, payload in frames)
    return tag(version, body + bytes(draw(st.integers(0, 400))))


VALUES = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    max_size=3,
)


@given(data=tags(), changes=st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_changed_fields_read_back_and_other_frames_are_the_same_bytes(
    data: bytes, changes: dict[str, list[str]]
) -> None:
    old = id3.parse(data)
    frames = {name: id3.frames_for(old, name, values) for name, values in changes.items()}
    new = id3.parse(id3.render(id3.replaced(old, frames)))
    assert id3.others(new) == id3.others(old)
    assert new.version == old.version
    before, after = id3.held(old), id3.held(new)
    for name in FIELDS:
        if name not in changes:
            assert after.get(name) == before.get(name)
        elif changes[name]:
            assert after[name].texts == tuple(changes[name])
            (native,) = after[name].names
            assert native.upper() == id3.name_of(old, name).upper()
        else:
            assert name not in after


@given(data=tags(), changes=st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_what_was_held_goes_back_to_the_byte(data: bytes, changes: dict[str, list[str]]) -> None:
    old = id3.parse(data)
    held = id3.held(old)
    frames = {name: id3.frames_for(old, name, values) for name, values in changes.items()}
    new = id3.parse(id3.render(id3.replaced(old, frames)))
    back = {name: held[name].raw if name in held else () for name in changes}
    again = id3.parse(id3.render(id3.replaced(new, back)))
    assert id3.others(again) == id3.others(old)
    assert id3.held(again) == held


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_tag_or_a_refusal(data: bytes) -> None:
    for version in (2, 3, 4):
        for flags in (0, 0x40, 0x80):
            try:
                found = id3.parse(tag(version, data, flags))
            except TagDamaged:
                continue
            assert id3.held(id3.parse(id3.render(found))) == id3.held(found)
            assert id3.others(id3.parse(id3.render(found))) == id3.others(found)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("words", [["Calm"], ["Calm", "Tender"], ["Fröhlich", "悲しい"]])
def test_mutagen_reads_what_is_written(version: int, words: list[str]) -> None:
    old = id3.Tag(version=version)
    frames = {name: id3.frames_for(old, name, words) for name in (MOOD, VALENCE)}
    data = id3.render(id3.replaced(old, frames))
    read = ID3(BytesIO(data + bytes(200)), translate=False)
    mood = read["TMOO"] if version == 4 else read["TXXX:MOOD"]
    assert list(mood.text) == words
    assert list(read["TXXX:AFFETTO_VALENCE"].text) == words


def test_spelling_of_a_description_that_is_there_stays() -> None:
    old = id3.parse(tag(3, frame(3, b"TXXX", b"\0mood\0Old")))
    new = id3.replaced(old, {MOOD: id3.frames_for(old, MOOD, ["Calm"])})
    assert id3.held(new)[MOOD].names == ("TXXX:mood",)


@pytest.mark.parametrize("order", [(b"MOOD", b"mood"), (b"mood", b"MOOD")])
def test_of_two_spellings_that_of_picard_stays(order: tuple[bytes, bytes]) -> None:
    frames = (frame(3, b"TXXX", b"\0" + each + b"\0Old") for each in order)
    old = id3.parse(tag(3, b"".join(frames)))
    new = id3.replaced(old, {MOOD: id3.frames_for(old, MOOD, ["Calm"])})
    assert id3.held(new)[MOOD].names == ("TXXX:mood",)
    assert id3.held(new)[MOOD].texts == ("Calm",)


def test_tag_that_has_room_keeps_its_size_and_another_gets_room() -> None:
    roomy = id3.parse(tag(4, frame(4, b"TIT2", b"\0T") + bytes(200)))
    frames = {MOOD: id3.frames_for(roomy, MOOD, ["Calm"])}
    assert len(id3.render(id3.replaced(roomy, frames))) == roomy.n_bytes
    tight = id3.parse(tag(4, frame(4, b"TIT2", b"\0T")))
    data = id3.render(id3.replaced(tight, frames))
    assert len(data) == tight.n_bytes + len(frames[MOOD][0]) + id3.NEW_PADDING_BYTES


def test_sizes_as_itunes_wrote_them_are_read_and_kept() -> None:
    long_frame = b"COMM" + struct.pack(">I", 200) + b"\0\0" + b"\0eng" + bytes([65] * 196)
    data = tag(4, long_frame + frame(4, b"TMOO", b"\0Old") + bytes(20))
    old = id3.parse(data)
    assert texts(data, MOOD) == ("Old",)
    long_text = "x" * 300
    new = id3.render(id3.replaced(old, {MOOD: id3.frames_for(old, MOOD, [long_text])}))
    assert texts(new, MOOD) == (long_text,)
    assert id3.others(id3.parse(new)) == (long_frame,)


def test_whole_tag_without_false_synchronization_stays_so() -> None:
    picture = frame(3, b"APIC", b"\0image/png\0\x03\0" + b"\xff\xe0\xff\x00\xff")
    body = picture + frame(3, b"TXXX", b"\x01\xff\xfeM\0O\0O\0D\0\0\0\xff\xfeA\0")
    unsynchronized = body.replace(b"\xff\x00", b"\xff\x00\x00").replace(
        b"\xff\xe0", b"\xff\x00\xe0"
    )
    unsynchronized = unsynchronized.replace(b"\xff\xfe", b"\xff\x00\xfe")
    data = tag(3, unsynchronized, flags=0x80)
    old = id3.parse(data)
    assert texts(data, MOOD) == ("A",)
    new = id3.render(id3.replaced(old, {VALENCE: id3.frames_for(old, VALENCE, ["1"])}))
    assert new[5] == 0x80
    assert b"\xff\xe0" not in new
    assert id3.others(id3.parse(new)) == (picture,)


@pytest.mark.parametrize(
    ("version", "flags", "payload"),
    [
        (3, 0x80, struct.pack(">I", 9) + zlib.compress(b"\0MOOD\0Old")),
        (3, 0x20, b"G" + b"\0MOOD\0Old"),
        (4, 0x09, synchsafe(9) + zlib.compress(b"\0MOOD\0Old")),
        (4, 0x40, b"G" + b"\0MOOD\0Old"),
        (4, 0x02, b"\x01\xff\x00\xfeM\0O\0O\0D\0\0\0\xff\x00\xfeO\0l\0d\0"),
        (4, 0x00, b"\x02\0M\0O\0O\0D\0\0\0O\0l\0d"),
        (4, 0x00, b"\x03mood\0Old\0"),
    ],
)
def test_frames_that_are_packed_or_encoded_otherwise_are_read(
    version: int, flags: int, payload: bytes
) -> None:
    assert texts(tag(version, frame(version, b"TXXX", payload, flags)), MOOD) == ("Old",)


@pytest.mark.parametrize(
    ("version", "flags", "payload"), [(3, 0x40, b"E\0MOOD\0Old"), (4, 0x08, b"\0MOOD\0Old")]
)
def test_frames_that_cannot_be_unpacked_are_somebody_elses(
    version: int, flags: int, payload: bytes
) -> None:
    raw = frame(version, b"TXXX", payload, flags)
    assert id3.others(id3.parse(tag(version, raw))) == (raw,)


def test_extended_header_and_footer_go_but_frames_stay() -> None:
    title = frame(4, b"TIT2", b"\0T")
    data = tag(4, b"\0\0\0\x06\x01\0" + title, flags=0x50) + b"3DI" + b"\4\0\x50" + synchsafe(18)
    old = id3.parse(data)
    assert (old.n_bytes, old.frames) == (len(data), (title,))
    assert id3.parse(id3.render(old)).frames == (title,)
    title = frame(3, b"TIT2", b"\0T")
    data = tag(3, struct.pack(">I", 6) + bytes(6) + title, flags=0x40)
    assert id3.parse(data).frames == (title,)


def test_flag_for_an_extended_header_that_is_not_there_is_tolerated() -> None:
    title = frame(3, b"TIT2", b"\0T")
    assert id3.parse(tag(3, title, flags=0x40)).frames == (title,)


@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x05\0\0\0\0\0\x01\0",
        b"ID3\x04\0\0\x80\0\0\x01\0",
        b"ID3\x04\0\0\0\0\0\x40\0",
        tag(2, bytes(20), flags=0x40),
        tag(3, b"\0\0", flags=0x40),
        tag(4, synchsafe(99) + bytes(9), flags=0x40),
        tag(3, frame(3, b"TIT2", b"\0T") + b"junk in the padding"),
    ],
)
def test_damaged_tag_is_refused(data: bytes) -> None:
    with pytest.raises(TagDamaged):
        id3.parse(data)


def test_no_tag_is_none() -> None:
    assert id3.size_of(b"\xff\xfb\x90\xc0" + bytes(6)) is None
    assert id3.size_of(b"ID3") is None

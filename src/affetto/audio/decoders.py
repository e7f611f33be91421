"""Decoders: an opened source gives blocks (n_frames, n_channels) float32 at its own rate.

libsndfile reads what is stored as plain samples (WAV, AIFF ...). FFmpeg, through PyAV, reads
everything with a codec: as fast as libsndfile for MP3 and FLAC when frames are gathered in
an AudioFifo (measured), it goes on after damage, and it is silent, while libsndfile's MP3
library writes to the terminal about every odd byte.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from affetto.audio import mpeg, sniff
from affetto.audio.claims import MAX_CHANNELS, Claim, check_format, read_claim
from affetto.audio.sniff import Kind
from affetto.audio.source import Source
from affetto.core import FloatArray
from affetto.errors import AudioUnreadable, BadConfig

if TYPE_CHECKING:
    import av

# For files without a signature of ours: formats that FFmpeg knows by a signature of theirs.
_OTHER_FORMATS = "adx,ast,avr,brstm,gxf,ircam,mxf,nistsphere,nsv,nut,oma,qcp,sox,voc,vqf,wtv"
# By FFmpeg's name: formats whose header states the duration, of which those to the sample. Of
# the others FFmpeg only guesses it.
_EXACT_DURATION = frozenset({"flac", "wv", "ape", "tta", "tak"})
_STATES_DURATION = _EXACT_DURATION | {"caf", "dsf", "flv", "matroska", "mov", "mpc8"}
# Formats whose time stamps count samples: a jump is a loss. In others (video) they may be loose.
_COUNTS_SAMPLES = _EXACT_DURATION | {"ogg", "mp3", "aac"}
_EXACT_TOLERANCE_S = 0.02
_MAX_DEMUX_ERRORS = 64
_IO_BYTES = 1 << 17


@dataclass(slots=True)
class Damage:
    """What was lost: `n_parts` skipped in the middle; the place where the sound ends early."""

    n_parts: int = 0
    is_cut: bool = False
    duration_s: float | None = None
    position_s: float = 0.0
    rate_changes: bool = False


class Decoder(Protocol):
    """Blocks of samples, and what is known about them.

    `sample_rate` and `duration_s` may be a guess until the first block; `damage` is complete
    after the last. A block is valid until the next one is asked for.
    """

    name: str
    sample_rate: int
    duration_s: float | None
    damage: Damage

    def blocks(self, n_samples: int) -> Iterator[FloatArray]:
        """Give blocks of about `n_samples`, counted over all channels."""
        ...

    def close(self) -> None: ...


class SamplesDecoder:
    """Samples that are in memory: (n_frames,) or (n_frames, n_channels), integers or floats.

    Raises: BadConfig for other shapes, types and rates.
    """

    name = "<samples>"

    def __init__(self, samples: Any, sample_rate: Any) -> None:
        array = np.asarray(samples)
        if array.ndim not in (1, 2):
            raise BadConfig(f"samples must be (n,) or (n, n_channels), not {array.shape}")
        if array.dtype.kind not in "fiu":
            raise BadConfig(f"samples must be integers or floats, not {array.dtype}")
        self._samples = array.reshape(len(array), -1) if array.size else np.zeros((0, 1), "f4")
        n_channels = self._samples.shape[1]
        if n_channels > MAX_CHANNELS:
            raise BadConfig(
                f"samples must be (n, n_channels) with at most {MAX_CHANNELS} channels, "
                f"not {array.shape}",
                "transpose them if channels come first",
            )
        self.sample_rate = checked_rate(sample_rate)
        self.duration_s: float | None = len(self._samples) / self.sample_rate
        self.damage = Damage()

    def close(self) -> None:
        """Nothing is open."""

    def blocks(self, n_samples: int) -> Iterator[FloatArray]:
        n_frames = max(1, n_samples // self._samples.shape[1])
        for start in range(0, len(self._samples), n_frames):
            part = np.ascontiguousarray(self._samples[start : start + n_frames])
            block = np.empty(part.shape, np.float32)
            _scale(part, block)
            yield block


def checked_rate(sample_rate: Any) -> int:
    """Give a sample rate as an int. Raises BadConfig if it is not one, or out of range."""
    try:
        rate = int(sample_rate)
        if rate == sample_rate:
            check_format("", rate, None)
            return rate
    except (TypeError, ValueError, OverflowError, AudioUnreadable):
        pass
    raise BadConfig(f"sample_rate must be whole Hz from 1,000 to 768,000, not {sample_rate!r}")


def _scale(samples: npt.NDArray[Any], out: FloatArray) -> None:
    """Write integers, scaled to [-1, 1), or floats as they are into `out`."""
    kind, n_bits = samples.dtype.kind, 8 * samples.dtype.itemsize
    if kind == "f":
        with np.errstate(over="ignore"):  # beyond float32: infinite, and treated as such
            np.copyto(out, samples, casting="same_kind")
        return
    # Integers beyond 24 bits lose their last bits here, as they do in libsndfile.
    np.multiply(samples, np.float32(2.0 ** (1 - n_bits)), out=out, casting="unsafe", dtype="f4")
    if kind == "u":
        out -= np.float32(1)


def open_decoder(source: Source) -> Decoder:
    """Choose the decoder of `source` by its content.

    Raises: AudioUnreadable, AudioEmpty.
    """
    kind = sniff.identify(source)
    claim = read_claim(source, kind)
    if kind.decoder == "libsndfile" and not claim.is_for_ffmpeg:
        decoder = _open_sndfile(source, claim)
        if decoder is not None:
            return decoder
        source.check()
    try:
        return FfmpegDecoder(source, kind, claim)
    except AudioUnreadable:
        # FFmpeg refuses Ogg in which a tagger wrote the headers twice; libvorbis passes over them.
        decoder = _open_sndfile(source, claim) if kind == sniff.OGG else None
        source.check()
        if decoder is None:
            raise
        return decoder


def _open_sndfile(source: Source, claim: Claim) -> Decoder | None:
    import soundfile

    handle = source.descriptor()
    try:
        source.seek(0)
        opened = soundfile.SoundFile(source if handle is None else handle, closefd=False)
    except soundfile.SoundFileError:
        return None  # FFmpeg may know it better
    check_format(source.name, opened.samplerate, opened.channels)
    return SndfileDecoder(source, opened, claim)


class SndfileDecoder:
    """Plain samples, read by libsndfile."""

    def __init__(self, source: Source, opened: Any, claim: Claim) -> None:
        self.name = source.name
        self.sample_rate: int = opened.samplerate
        self.duration_s: float | None = opened.frames / opened.samplerate
        self.damage = Damage(is_cut=bool(claim.is_cut), duration_s=claim.duration_s)
        self._source = source
        self._opened = opened

    def close(self) -> None:
        self._opened.close()

    def blocks(self, n_samples: int) -> Iterator[FloatArray]:
        n_channels = self._opened.channels
        buffer = np.empty((max(1, n_samples // n_channels), n_channels), np.float32)
        n_read = 0
        while len(block := self._read(buffer, n_read)):
            n_read += len(block)
            yield block
        self.damage.position_s = n_read / self.sample_rate

    def _read(self, buffer: FloatArray, n_before: int) -> FloatArray:
        import soundfile

        try:
            block: FloatArray = self._opened.read(out=buffer)
        except soundfile.SoundFileError as error:
            self._source.check()
            raise AudioUnreadable(
                f"{self.name}: reading it failed after {n_before / self.sample_rate:.1f} s",
                "the file is damaged; get it again",
            ) from error
        self._source.check()
        return block


class FfmpegDecoder:
    """The best sound track of a file, decoded by FFmpeg without down-mix and resampling.

    The file is given as an object, never as a name, so no name or content makes FFmpeg open
    anything else.
    """

    def __init__(self, source: Source, kind: Kind, claim: Claim) -> None:
        self.name = source.name
        self._source = source
        self._claim = claim
        self._demuxer = kind.demuxer
        self._container = self._open(kind)
        try:
            source.check()
            self._track = track = self._best_track()
            check_format(self.name, track.codec_context.sample_rate, None)
            track.codec_context.thread_count = 1
        except BaseException:
            self._container.close()
            raise
        self.sample_rate = int(track.codec_context.sample_rate)
        self.duration_s = self._stated_duration_s(exactly=False)
        self.damage = Damage()
        self._n_packets = self._n_failed = 0
        self._gave_up = False
        self._last_packet: av.Packet[Any] | None = None

    def _open(self, kind: Kind) -> Any:
        import av

        options = {"protocol_whitelist": "file"}
        if not kind.demuxer:
            options["format_whitelist"] = _OTHER_FORMATS
        self._source.seek(0)
        try:
            return av.open(
                self._source,
                format=kind.demuxer or None,
                options=options,
                metadata_errors="replace",
                buffer_size=_IO_BYTES,
            )
        except (av.FFmpegError, ValueError) as error:
            self._source.check()
            if not kind.demuxer:
                raise sniff.not_sound(self.name) from error
            raise AudioUnreadable(
                f"{self.name}: the file begins like {kind.title}, but the rest is damaged or "
                "missing",
                "get it again",
            ) from error

    def _best_track(self) -> av.AudioStream:
        import av

        track = self._container.streams.best("audio")
        if not isinstance(track, av.AudioStream):
            raise AudioUnreadable(
                f"{self.name}: there is no sound track in this file", "give a file with sound"
            )
        if not track.codec_context:  # what PyAV gives where FFmpeg has no decoder
            raise AudioUnreadable(
                f"{self.name}: there is no decoder for its sound track",
                "convert it to a common format, such as FLAC or MP3",
            )
        return track

    def _stated_duration_s(self, exactly: bool) -> float | None:
        """Give the duration that the header states; a guess by FFmpeg only if not `exactly`."""
        if self._claim.duration_s is not None:
            return self._claim.duration_s
        if exactly and self._demuxer not in _STATES_DURATION:
            return None
        track = self._track
        if track.duration and track.time_base:
            return float(track.duration * track.time_base)
        if exactly and self._container.streams.video:
            return None  # that of the picture
        duration_us = self._container.duration
        return duration_us / 1e6 if duration_us else None

    def close(self) -> None:
        self._container.close()

    def blocks(self, n_samples: int) -> Iterator[FloatArray]:
        import av

        fifo, settings, n_channels, n_frames = av.AudioFifo(), None, 0, 0
        for frame in self._frames():
            new = frame.sample_rate, frame.layout.nb_channels, frame.format.name
            if new != settings:
                if settings is None:
                    self.sample_rate, n_channels = new[:2]
                    check_format(self.name, self.sample_rate, n_channels)
                    n_frames = max(1, n_samples // n_channels)
                elif new[0] != self.sample_rate:
                    self.damage.rate_changes = True
                    break
                yield from self._drain(fifo, n_channels)
                fifo, settings = av.AudioFifo(), new
            fifo.write(frame)
            while fifo.samples >= n_frames:
                yield _fitted(_to_block(fifo.read(n_frames)), n_channels)
        yield from self._drain(fifo, n_channels)
        self._close_books()

    @staticmethod
    def _drain(fifo: Any, n_channels: int) -> Iterator[FloatArray]:
        rest = fifo.read(0, partial=True)
        if rest is not None:
            yield _fitted(_to_block(rest), n_channels)

    def _frames(self) -> Iterator[Any]:
        """Give the frames that decode; count in `damage` what lies between them."""
        import av

        damage = self.damage
        tick_s = float(self._track.time_base or 0)
        max_gap_s = 0.05 if self._demuxer in _COUNTS_SAMPLES else 1.0
        expected_s = math.inf
        n_failed_before = 0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._source.check()
                self._n_failed += packet.size > 0
                continue
            if not packet.size:  # the end: what comes now was only waiting in the decoder
                n_failed_before = self._n_failed
            for frame in frames:
                pts, n_samples, lost_s = frame.pts, frame.samples, 0.0
                frame_s = n_samples / frame.sample_rate
                if pts is not None:
                    start_s = pts * tick_s
                    if start_s - expected_s > max_gap_s:
                        lost_s = start_s - expected_s
                    expected_s = start_s + frame_s
                if (lost_s or self._n_failed > n_failed_before) and damage.position_s:
                    damage.n_parts += 1
                n_failed_before = self._n_failed
                damage.position_s += lost_s + frame_s
                frame.pts = None  # AudioFifo would insist on its own counting
                yield frame
        self._source.check()

    def _packets(self) -> Iterator[Any]:
        """Give the packets of the track; an error between them is not the end of the file."""
        import av

        n_errors = 0
        while n_errors < _MAX_DEMUX_ERRORS:
            try:
                for packet in self._container.demux(self._track):
                    self._n_packets += 1
                    if packet.size:
                        self._last_packet = packet
                    yield packet
                return
            except IndexError:  # how PyAV meets a stream that the header did not announce
                continue
            except av.FFmpegError:
                self._source.check()
                if self._is_whole():  # what follows the sound is no part of it: ID3v1, say
                    return
                n_errors += 1
                self._n_packets += 1
                self._n_failed += 1
        self._gave_up = True

    def _is_whole(self) -> bool:
        """Say whether all the sound is there that a header has stated to the sample."""
        stated_s = self._stated_duration_s(exactly=True)
        if stated_s is None or self._demuxer not in _EXACT_DURATION:
            return False
        return self.damage.position_s >= stated_s - _EXACT_TOLERANCE_S

    def _close_books(self) -> None:
        if self._n_failed * 2 > self._n_packets:
            raise AudioUnreadable(
                f"{self.name}: most of the file is damaged ({self._n_failed:,} of "
                f"{self._n_packets:,} parts)",
                "get it again",
            )
        damage, is_cut = self.damage, self._claim.is_cut
        damage.duration_s = self._stated_duration_s(exactly=True)
        damage.is_cut = is_cut or self._gave_up or self._ends_in_a_frame()
        if damage.duration_s is not None and (is_cut is None or not damage.n_parts):
            is_exact = self._demuxer in _EXACT_DURATION
            tolerance_s = _EXACT_TOLERANCE_S if is_exact else max(0.5, 0.02 * damage.duration_s)
            damage.is_cut |= damage.position_s < damage.duration_s - tolerance_s

    def _ends_in_a_frame(self) -> bool:
        """Say whether the last frame of an MP3 or AAC file lacks its end."""
        parse = {"mp3": mpeg.mpeg_frame, "aac": mpeg.adts_frame}.get(self._demuxer)
        if parse is None or self._last_packet is None:
            return False
        data = bytes(self._last_packet)
        frame = parse(data[:6])
        return frame is not None and frame.n_bytes > len(data)


def _to_block(frame: Any) -> FloatArray:
    """Give an FFmpeg frame as (n_frames, n_channels) float32."""
    n_frames, n_channels = frame.samples, frame.layout.nb_channels
    dtype = np.dtype(_DTYPES[frame.format.name.removesuffix("p")])
    block = np.empty((n_frames, n_channels), np.float32)
    if frame.format.is_planar:
        # Beyond 8 channels PyAV may give planes that do not exist.
        for channel, plane in enumerate(frame.planes[:n_channels]):
            _scale(np.frombuffer(plane, dtype, n_frames), block[:, channel])
    else:
        samples = np.frombuffer(frame.planes[0], dtype, n_frames * n_channels)
        _scale(samples.reshape(n_frames, n_channels), block)
    return block


_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def _fitted(block: FloatArray, n_channels: int) -> FloatArray:
    """Give a block that number of channels; a file may change from stereo to mono midway."""
    if block.shape[1] == n_channels:
        return block
    mono = block.mean(axis=1, dtype=np.float32, keepdims=True)
    return np.repeat(mono, n_channels, axis=1)

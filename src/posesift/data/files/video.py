"""Frames of videos, by their number.

A frame's number counts from 0 in the order in which frames are shown, which is the order in which
a decoder gives them out. Time stamps serve to find a frame fast and never name it: a stream may
begin at any time, have gaps, and store its frames in another order. A rotation noted in the file
is never applied, as with photographs.

Decoding and conversion run on one thread: work on many clips is shared out by clip, and a forked
process that closes a clip of its parent does not wait for threads that it did not inherit.

Shapes: H W image height and width, 3 = (blue, green, red).
"""

from __future__ import annotations

import bisect
import contextlib
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error
import numpy as np

from posesift.data.files import NEXT
from posesift.storage import irregular

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".ogv"),
    *(".flv", ".wmv"),
)
"""Files with these endings, in either case, count as videos."""

_KEPT_OPEN = 4  # clips of one thread
_SLACK = 0.5  # seconds that a clip may end before it says
_TIMED = ("mov", "mp4", "matroska", "webm", "mpegts")
# Containers whose packets say when a frame is shown; those of others (AVI) may say what is wrong.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf"


def frames(path: str | Path, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Go through a clip once and give the frames that are wanted.

    Args:
        path: the video.
        wanted: numbers of frames, in any order.

    Yields:
        Number and picture, (H, W, 3) uint8 in OpenCV's order, in rising order of the numbers.

    Raises:
        ValueError: there is no such file, it is corrupt or cut short, or has fewer frames.
    """
    with _explained(path):
        clip = _Clip(path)
    try:
        for index in sorted(set(wanted)):
            with _explained(path):
                image_HW3 = clip.read(index)
            yield index, image_HW3
    finally:
        clip.close()


def whole_frames(path: str | Path, first: int = 0) -> Iterator[np.ndarray]:
    """Go through a clip in order and give every frame that is whole, also of one that is not.

    Args:
        path: the video.
        first: number of the frame to begin with; those before it are decoded and passed over.

    Yields:
        Pictures, (H, W, 3) uint8 in OpenCV's order.

    Raises:
        ValueError: there is no such file, or it is no video. After the last whole frame: it is
            corrupt there, or ends earlier than it says.
    """
    number = 0
    with _explained(path), contextlib.closing(_opened(path)) as container:
        stream = container.streams.video[0]
        packets, shown = 0, 0.0
        for packet in container.demux(stream):
            if packet.is_corrupt:
                break
            packets += packet.size > 0
            if packet.pts is not None and packet.time_base is not None:
                shown = max(shown, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            for picture in packet.decode():
                assert isinstance(picture, av.VideoFrame)
                if picture.is_corrupt:
                    raise _broken(path, f"is corrupt behind its first {number} frames")
                number += 1
                if number > first:
                    yield picture.to_ndarray(format="bgr24", threads=1)
        else:
            if not _ends_early(container, packets, shown):
                return
    raise _broken(path, f"is cut short: it ends after {number} whole frames")


def rate(path: str | Path) -> Fraction:
    """Frames a second, on average; 25 where the container does not tell.

    Raises:
        ValueError: there is no such file, or it is no video.
    """
    with _explained(path), contextlib.closing(_opened(path)) as container:
        return container.streams.video[0].average_rate or Fraction(25)


def frame(path: str | Path, index: int) -> np.ndarray:
    """One frame, (H, W, 3) uint8 in OpenCV's order blue, green, red.

    Decoding starts at the keyframe before it, or where the last call ended if that is nearer, so
    a clip that is read in order is decoded once. Each thread keeps a few clips open for that.

    Raises:
        ValueError: there is no such file, it is corrupt or cut short, or has fewer frames.
    """
    kept = _here.clips
    key = _identity(path)
    with _explained(path):
        clip = kept.pop(key, None) or _Clip(path)
        image_HW3 = clip.read(index)  # where this fails the clip is not kept
    kept[key] = clip
    if len(kept) > _KEPT_OPEN:
        kept.popitem(last=False)[1].close()
    return image_HW3


def size_and_count(path: str | Path) -> tuple[int, int, int]:
    """Width and height in pixels, and the number of frames.

    Where the container tells no times (AVI), all frames are decoded to count them.

    Raises:
        ValueError: there is no such file, or it is corrupt, cut short, or no video.
    """
    with _explained(path):
        clip = _Clip(path)
        with contextlib.closing(clip):
            return *clip.size, clip.count()


def told(path: str | Path) -> tuple[int, int, int]:
    """As `size_and_count`, where the file's header may be believed: then no frame is looked at.

    Raises:
        ValueError: there is no such file, or it is corrupt, cut short, or no video.
    """
    with _explained(path), contextlib.closing(_opened(path)) as container:
        stream = container.streams.video[0]
        count = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        return stream.width, stream.height, count


class _Clip:
    """An open video, and which frame its decoder gives next."""

    def __init__(self, path: str | Path):
        self._path = path
        self._container = _opened(path)
        context = self._container.streams.video[0].codec_context
        self.size = context.width, context.height
        self._number_at: dict[int, int] | None = None  # time stamp to frame; None: count frames
        self._keyframes, self._key_times = [0], [0]
        if any(name in _TIMED for name in self._container.format.name.split(",")):
            self._read_times()
        self._next = -1

    def count(self) -> int:
        if self._number_at is not None:
            return len(self._number_at)
        self._go_to(0)
        return sum(1 for _ in self._pictures)

    def read(self, index: int) -> np.ndarray:
        known = None if self._number_at is None else len(self._number_at)
        if index < 0 or (known is not None and index >= known):
            raise self._has_not(index, known)
        before = bisect.bisect_right(self._keyframes, index) - 1
        if not self._keyframes[before] <= self._next <= index:
            self._go_to(before)
        for picture in self._pictures:
            number = self._next
            if self._number_at is not None:
                number = self._number_at.get(picture.pts or 0, sys.maxsize)
            if number > index:
                # what the container told does not hold: count frames from the start
                self._number_at, self._keyframes, self._next = None, [0], -1
                return self.read(index)
            self._next = number + 1
            if number == index:
                return picture.to_ndarray(format="bgr24", threads=1)
        raise self._has_not(index, self._next)

    def close(self) -> None:
        self._container.close()

    def _go_to(self, key: int) -> None:
        """Make keyframe ``key``, or one before it, the next frame."""
        if key == 0:
            self._container.close()
            self._container = _opened(self._path)
        else:
            stream = self._container.streams.video[0]
            self._container.seek(self._key_times[key], stream=stream)
        self._next = self._keyframes[key]
        self._pictures = _decoded(self._container, self._path)

    def _read_times(self) -> None:
        """Read when each frame is shown, without decoding any."""
        stream = self._container.streams.video[0]
        times, key_times, packets = [], set(), 0
        for packet in self._container.demux(stream):
            if packet.is_corrupt:
                raise _broken(self._path, "is corrupt or cut short")
            packets += packet.size > 0
            if packet.size and not packet.is_discard:
                times.append(packet.pts)
                if packet.is_keyframe:
                    key_times.add(packet.pts)
        if packets < stream.frames:
            raise _broken(
                self._path, f"is cut short: it has {packets} of the {stream.frames} frames it says"
            )
        if None in times or len(set(times)) < len(times):
            return
        self._number_at = {time: number for number, time in enumerate(sorted(times))}
        later = [(self._number_at[time], time) for time in sorted(key_times)]
        self._keyframes += [number for number, _ in later if number]
        self._key_times += [time for number, time in later if number]

    def _has_not(self, index: int, count: int | None) -> ValueError:
        return _broken(
            self._path, f"has no frame {index}" + (f": it ends after {count}" if count else "")
        )


def _decoded(container: av.container.InputContainer, path: str | Path) -> Iterator[av.VideoFrame]:
    for packet in container.demux(container.streams.video[0]):
        if packet.is_corrupt:
            raise _broken(path, "is corrupt or cut short")
        for picture in packet.decode():
            assert isinstance(picture, av.VideoFrame)
            if picture.is_corrupt:
                raise _broken(path, "is corrupt")
            yield picture


def _opened(path: str | Path) -> av.container.InputContainer:
    if found := irregular(path):
        raise ValueError(f"cannot read the video {path}: it is {found}; {NEXT}")
    # An absolute path is never taken for an address; play lists, which name other files and places,
    # are no containers.
    options = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
    container = av.open(os.path.abspath(path), options=options)
    if not container.streams.video:
        container.close()
        raise _broken(path, "holds no pictures")
    container.streams.video[0].codec_context.thread_count = 1
    return container


def _ends_early(container: av.container.InputContainer, packets: int, shown: float) -> bool:
    """Whether a clip that was read to its end had promised more than ``packets`` frames.

    Containers that do not count frames (Matroska) tell their length; where there is sound, that
    may be the length of the sound.
    """
    stated = container.streams.video[0].frames
    if stated or len(container.streams) > 1 or not container.duration:
        return packets < stated
    start = (container.start_time or 0) / av.time_base
    return shown - start < container.duration / av.time_base - _SLACK


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.clips: OrderedDict[tuple, _Clip] = OrderedDict()


_here = _PerThread()


def _identity(path: str | Path) -> tuple:
    """Give a clip as it is now, in this process: a forked one shares the place in an open file."""
    try:
        found = os.stat(path)
    except OSError:
        return (os.getpid(), str(path))
    return os.getpid(), str(path), found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ValueError(f"expected a video at {path}, found no file; {NEXT}") from None
    except av.error.FFmpegError as error:
        if isinstance(error, (PermissionError, IsADirectoryError)):
            raise ValueError(f"cannot read the video {path}: {error.strerror}") from None
        raise _broken(path, "is corrupt, cut short, or not a video") from None


def _broken(path: str | Path, what: str) -> ValueError:
    return ValueError(f"the video {path} {what}; {NEXT}")

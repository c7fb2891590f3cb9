"""A frame is the same whichever way it is reached, in every container and order of storage."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.patience import PATIENCE

from posesift.data.files import video
from posesift.data.files.video import frame, frames, size_and_count

COUNT = 40


def write(
    path: Path, codec: str = "libx264", start: int = 0, count: int = COUNT, **options: str
) -> Path:
    """A clip whose frame i is grey level 16 + 5 i, a keyframe every 12 frames."""
    rate = Fraction(1, 25)
    movflags = {"movflags": options.pop("movflags")} if "movflags" in options else {}
    with av.open(path, "w", options=movflags) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options, stream.bit_rate = options, 4_000_000
        stream.codec_context.time_base, stream.codec_context.gop_size = rate, 12
        if codec != "libvpx-vp9":
            stream.codec_context.max_b_frames = 2
        for number in range(count):
            grey_HW3 = np.full((48, 64, 3), 16 + 5 * number, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey_HW3, format="rgb24")
            picture.pts, picture.time_base = start + number, rate
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path


def number_of(image_HW3: np.ndarray) -> int:
    assert image_HW3.shape == (48, 64, 3)
    return round((float(image_HW3.mean()) - 16) / 5)


FORMATS = {
    "mp4 with B-frames": ("a.mp4", {}),
    "mp4 that begins at 20 s": ("a.mp4", {"start": 500}),
    "mp4 with open groups": ("a.mp4", {"x264-params": "open-gop=1:keyint=12:bframes=3"}),
    "mp4 in parts": ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "mp4 of MPEG-4": ("a.mp4", {"codec": "mpeg4"}),
    "Matroska": ("a.mkv", {}),
    "WebM": ("a.webm", {"codec": "libvpx-vp9", "count": 20}),
    "transport stream": ("a.ts", {"start": 100}),
    "AVI": ("a.avi", {"codec": "mpeg4"}),
    "AVI of H.264": ("a.avi", {}),
    "MPEG": ("a.mpg", {"codec": "mpeg2video"}),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_frames_are_found_by_number(tmp_path, kind):
    name, options = FORMATS[kind]
    path = write(tmp_path / name, **options)
    count = options.get("count", COUNT)
    assert size_and_count(path) == (64, 48, count)
    order = np.random.default_rng(0).permutation(count).tolist()
    assert [number_of(frame(path, index)) for index in order] == order
    whole = list(frames(path, range(count)))
    assert [index for index, _ in whole] == list(range(count))
    for index in (0, 13, count - 1):  # not a frame like it, but that frame to the bit
        np.testing.assert_array_equal(frame(path, index), whole[index][1])
    few = [(index, number_of(image_HW3)) for index, image_HW3 in frames(path, [17, 3, 17])]
    assert few == [(3, 3), (17, 17)]


def decoded(monkeypatch) -> list[int]:
    """Grows by one for every frame that is decoded."""
    seen = []
    plain = video._decoded

    def counted(*arguments):
        for picture in plain(*arguments):
            seen.append(1)
            yield picture

    monkeypatch.setattr(video, "_decoded", counted)
    return seen


def test_a_clip_read_in_order_is_decoded_once(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mp4")
    seen = decoded(monkeypatch)
    for index in range(COUNT):
        frame(path, index)
    assert len(seen) == COUNT
    frame(path, 38)  # a step back: from the keyframe 36 on
    assert len(seen) <= COUNT + 3 + 1


def test_a_far_frame_costs_its_own_group_only(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mp4")
    seen = decoded(monkeypatch)
    assert number_of(frame(path, 37)) == 37
    assert len(seen) <= 2
    assert [index for index, _ in frames(path, [0, 36])] == [0, 36]
    assert len(seen) <= 4


def test_a_clip_that_was_written_anew_is_opened_anew(tmp_path):
    path = write(tmp_path / "a.mp4")
    assert number_of(frame(path, 3)) == 3
    write(path, count=5, start=3)
    assert number_of(frame(path, 4)) == 4
    with pytest.raises(ValueError, match=r"a\.mp4 has no frame 5: it ends after 5; copy it anew"):
        frame(path, 5)


def test_many_clips_in_turn(tmp_path):
    paths = [write(tmp_path / f"{i}.mp4", count=8) for i in range(video._KEPT_OPEN + 2)]
    for index in range(8):
        assert [number_of(frame(path, index)) for path in paths] == [index] * len(paths)
    assert len(video._here.clips) == video._KEPT_OPEN


def test_threads_do_not_disturb_each_other(tmp_path):
    path = write(tmp_path / "a.mp4")
    order = np.random.default_rng(1).integers(0, COUNT, 80).tolist()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda i: number_of(frame(path, i)), order)) == order


def _all_frames(path: Path, queue: multiprocessing.Queue) -> None:
    found = [number_of(frame(path, index)) for index in range(6, COUNT)]
    for clip in video._here.clips.values():  # those of the parent too
        clip.close()
    video._here.clips.clear()
    queue.put(found)


def test_forked_processes_have_their_own_place_in_the_file(tmp_path):
    path = write(tmp_path / "a.mp4")
    frame(path, 5)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [
        context.Process(target=_all_frames, args=(path, queue), daemon=True) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    own = [number_of(frame(path, index)) for index in range(6, COUNT)]
    assert [queue.get(timeout=PATIENCE) for _ in workers] == [own, own]
    assert own == list(range(6, COUNT))
    for worker in workers:
        worker.join()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_video_cut_short_is_named(tmp_path, name, share):
    path = write(tmp_path / name, "mpeg4" if name.endswith("avi") else "libx264")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    for look in (lambda: frame(path, COUNT - 1), lambda: list(frames(path, [3, COUNT - 1]))):
        with pytest.raises(ValueError, match=rf"the video .*{name} .*; copy it anew") as caught:
            look()
        assert "\n" not in str(caught.value)


def test_a_video_that_says_where_its_frames_are_and_lacks_them(tmp_path):
    """The index stands before the pictures, so the file opens."""
    path = write(tmp_path / "a.mp4", movflags="faststart")
    path.write_bytes(path.read_bytes()[:-30])
    for look in (lambda: frame(path, 0), lambda: size_and_count(path)):
        with pytest.raises(ValueError, match=r"a\.mp4 is (corrupt or )?cut short"):
            look()


def test_what_is_no_video(tmp_path):
    with pytest.raises(ValueError, match=r"expected a video at .*x\.mp4, found no file"):
        frame(tmp_path / "x.mp4", 0)
    with pytest.raises(ValueError, match="cannot read the video"):
        frame(tmp_path, 0)
    (tmp_path / "x.mp4").write_text("hello")
    with pytest.raises(ValueError, match="is corrupt, cut short, or not a video"):
        size_and_count(tmp_path / "x.mp4")
    with pytest.raises(ValueError, match="has no frame -1"):
        frame(write(tmp_path / "a.mp4"), -1)


def test_sound_alone_has_no_pictures(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(path, "w") as out:
        stream = out.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 8000
        out.mux(stream.encode(sound))
        out.mux(stream.encode())
    with pytest.raises(ValueError, match="holds no pictures"):
        frame(path, 0)


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{other}'\n",
        "ffconcat version 1.0\nfile other.mp4\n",
    ],
)
def test_a_play_list_does_not_lead_to_another_file(tmp_path, content):
    other = write(tmp_path / "other.mp4")
    assert size_and_count(other)[2] == COUNT
    path = tmp_path / "a.mp4"
    path.write_text(content.format(other=other))
    with pytest.raises(ValueError, match="not a video"):
        size_and_count(path)
    with pytest.raises(ValueError, match="not a video"):
        frame(path, 0)


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="it is a named pipe"):
        frame(tmp_path / "a.mp4", 0)

"""Human3.6M as its JSON re-release: photographs, world coordinates and cameras.

For each subject S there are, in ``annotations/``, ``Human36M_subject{S}_data.json`` (``images``:
file_name, action_idx, subaction_idx, cam_idx, frame_idx for each photograph), ``.._joint_3d.json``
(action -> subaction -> frame -> 17 joints in mm, in the room) and ``.._camera.json`` (camera ->
R, t, f, c). Photographs lie in ``images/s_01_act_02_subact_01_ca_01/``, one folder a video.

Also the folder that the reference code makes of it: ``crop_images/`` and
``annotations/keypoints2d_{S}.json``, squares of 512 px cut around the labels, every 5th photograph.

Shapes: N photographs of a subject, F frames, J 17 joints, K the 16 keypoints of ``body16``,
C cameras, 2 = (x, y), 3 = (x, y, z).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np

from posesift.data.files import typed_json
from posesift.data.readers.human36m.joints import JOINTS, body16

_TOLD = "Human3.6M's annotations"
_NAME = re.compile(r"s_(\d{1,9})_act_(\d{1,9})_subact_(\d{1,9})_ca_(\d{1,9})_(\d{1,9})\.\w+$")


class Subject(NamedTuple):
    """The photographs of one subject, in the order of the annotation file.

    Attributes:
        name_N: relative to the folder of images.
        video_N3: action, subaction and camera of each.
        frame_N: its number in the video.
        points: the (M, 16, 2) keypoints of M rows, in pixels.
    """

    name_N: np.ndarray
    video_N3: np.ndarray
    frame_N: np.ndarray
    points: Callable[[np.ndarray], np.ndarray]


_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class _Image(msgspec.Struct, gc=False):
    file_name: str
    action_idx: _Number
    subaction_idx: _Number
    cam_idx: _Number
    frame_idx: _Number


class _Data(msgspec.Struct):
    images: list[_Image]


class _Camera(msgspec.Struct):
    R: list[list[float]]
    t: Any
    f: list[float]
    c: list[float]


_Frames = dict[_Number, list[tuple[float, float, float]]]


class _Crop(msgspec.Struct, gc=False):
    name: str
    keypoint2d: list[tuple[float, float]]


def has_release(folder: Path, subject: int) -> bool:
    """Whether the re-release's annotations of a subject are there."""
    return _file(folder, subject, "data").is_file()


def has_crops(folder: Path, subject: int) -> bool:
    """Whether the reference code has prepared the subject here."""
    return _crop_file(folder, subject).is_file()


def read_release(folder: Path, subject: int) -> Subject:
    """Return a subject of the re-release; joints and cameras are read when points are first wanted.

    Raises:
        ValueError: a file is missing, cut short or not as described above.
    """
    file = _file(folder, subject, "data")
    images = typed_json.load(file, _Data, _TOLD).images
    _check_any(images, file)
    number_N4 = np.array(
        [(i.action_idx, i.subaction_idx, i.cam_idx, i.frame_idx) for i in images], np.int32
    ).reshape(-1, 4)
    name_N = np.array([image.file_name for image in images], dtype=object)
    motion = functools.cache(lambda: _motion(folder, subject))

    def points(rows: np.ndarray) -> np.ndarray:
        joints_of, cameras = motion()
        out_MK2 = np.empty((len(rows), 16, 2))
        take_M3 = number_N4[rows, :3]
        for take in np.unique(take_M3, axis=0):
            of_take_M = (take_M3 == take).all(1)
            action, subaction, camera = take.tolist()
            if (action, subaction) not in joints_of:
                raise ValueError(
                    f"{_file(folder, subject, 'joint_3d')}: expected joints of action {action}, "
                    f"subaction {subaction}, which {file.name} lists; found none"
                )
            frame_F, joints_FJ3 = joints_of[action, subaction]
            wanted_M = number_N4[rows[of_take_M], 3]
            place_M = np.searchsorted(frame_F, wanted_M).clip(max=len(frame_F) - 1)
            if len(lacking := wanted_M[frame_F[place_M] != wanted_M]):
                raise ValueError(
                    f"{_file(folder, subject, 'joint_3d')}: expected joints of frame "
                    f"{lacking[0]} of action {action}, subaction {subaction}, found none"
                )
            if camera not in cameras:
                raise ValueError(
                    f"{_file(folder, subject, 'camera')}: expected camera {camera}, which "
                    f"{file.name} names; found {', '.join(map(str, cameras))}"
                )
            out_MK2[of_take_M] = _projected(body16(joints_FJ3[place_M]), cameras[camera])
        return out_MK2

    return Subject(name_N, number_N4[:, :3], number_N4[:, 3], points)


def read_crops(folder: Path, subject: int) -> Subject:
    """Return a subject as prepared by the reference code.

    Raises:
        ValueError: the file is missing, cut short or not as described above.
    """
    file = _crop_file(folder, subject)
    crops = typed_json.load(file, list[_Crop], _TOLD)
    found = [_NAME.search(crop.name) for crop in crops]
    _check_any(crops, file)
    for crop, match in zip(crops, found, strict=True):
        if match is None:
            raise ValueError(
                f"{file}: expected photographs named like s_01_act_02_subact_01_ca_01_000001.jpg, "
                f"found {crop.name!r}"
            )
        if len(crop.keypoint2d) != 16:
            raise ValueError(
                f"{file}: expected 16 keypoints for each photograph, found "
                f"{len(crop.keypoint2d)} for {crop.name}"
            )
    number_N4 = np.array([match.groups()[1:] for match in found if match], np.int32).reshape(-1, 4)
    points_NK2 = np.array([crop.keypoint2d for crop in crops], np.float64).reshape(-1, 16, 2)
    name_N = np.array([crop.name for crop in crops], dtype=object)
    return Subject(name_N, number_N4[:, :3], number_N4[:, 3], points_NK2.__getitem__)


def _check_any(found: Sized, file: Path) -> None:
    if not found:
        raise ValueError(f"{file}: expected {_TOLD}, found none; copy it anew")


def _motion(
    folder: Path, subject: int
) -> tuple[dict[tuple[int, int], tuple[np.ndarray, np.ndarray]], dict[int, np.ndarray]]:
    """Frames and joints of each (action, subaction), and the 3 x 4 matrix of each camera."""
    file = _file(folder, subject, "joint_3d")
    takes = typed_json.load(file, dict[_Number, dict[_Number, msgspec.Raw]], _TOLD)
    joints_of = {}
    for action, subactions in takes.items():
        for subaction, raw in subactions.items():
            # one take at a time: lists of floats take ten times the memory of an array
            try:
                frames = msgspec.json.decode(raw, type=_Frames)
            except msgspec.DecodeError as error:
                raise ValueError(
                    f"{file}, action {action}, subaction {subaction}: expected 17 x 3 numbers for "
                    f"each frame: {error}"
                ) from None
            counts = {len(joints) for joints in frames.values()}
            if counts != {len(JOINTS)}:
                raise ValueError(
                    f"{file}: expected {len(JOINTS)} joints in every frame, found "
                    f"{', '.join(map(str, sorted(counts))) or 'no frames'} in action {action}, "
                    f"subaction {subaction}"
                )
            frame_F = np.array(list(frames), np.int32)
            order_F = np.argsort(frame_F)
            joints_FJ3 = np.array(list(frames.values()), np.float64)
            joints_of[action, subaction] = frame_F[order_F], joints_FJ3[order_F]
    _check_any(joints_of, file)
    return joints_of, _cameras(_file(folder, subject, "camera"), joints_of)


def _cameras(file: Path, joints_of: dict) -> dict[int, np.ndarray]:
    """Each camera as a 3 x 4 matrix from mm in the room to pixels.

    Two readings of ``t`` are about: the camera's translation (X' = R X + t), which the reference
    code takes, and its position (X' = R (X - t)), which the program that wrote the files took. The
    one under which the person stands in the picture is the right one.
    """
    some_NJ3 = np.concatenate([joints_FJ3[::50] for _, joints_FJ3 in joints_of.values()])
    matrix_of = {}
    for name, camera in typed_json.load(file, dict[_Number, _Camera], _TOLD).items():
        try:
            rotation_33 = np.array(camera.R, np.float64).reshape(3, 3)
            t_3 = np.array(camera.t, np.float64).reshape(3)
            (fx, fy), (cx, cy) = camera.f, camera.c
        except (ValueError, TypeError, OverflowError):
            raise ValueError(
                f"{file}: expected camera {name} to have R (3 x 3), t (3), f (2) and c (2), "
                f"found {msgspec.to_builtins(camera)}"
            ) from None
        pixels_33 = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
        shares = {}
        for sign in (1, -1):
            with np.errstate(all="ignore"):  # a camera that is none shows nobody
                shift_3 = t_3 if sign == 1 else -rotation_33 @ t_3
                matrix_34 = pixels_33 @ np.column_stack([rotation_33, shift_3])
                points_NJ2 = _projected(some_NJ3, matrix_34)
                # the principal point is the image's middle, near enough
                inside_NJ = ((points_NJ2 >= 0) & (points_NJ2 <= 2 * np.array([cx, cy]))).all(-1)
            shares.setdefault(float(inside_NJ.mean()), matrix_34)
        matrix_of[name] = shares[max(shares)]
    return matrix_of


def _projected(points_NK3: np.ndarray, matrix_34: np.ndarray) -> np.ndarray:
    """Pixels (N, K, 2) of points in the room; NaN behind the camera. Distortion is left aside."""
    with np.errstate(all="ignore"):  # of joints that are nowhere
        seen_NK3 = points_NK3 @ matrix_34[:, :3].T + matrix_34[:, 3]
        depth_NK1 = seen_NK3[..., 2:]
        return np.where(depth_NK1 > 0, seen_NK3[..., :2] / depth_NK1, np.nan)


def _file(folder: Path, subject: int, what: str) -> Path:
    return folder / "annotations" / f"Human36M_subject{subject}_{what}.json"


def _crop_file(folder: Path, subject: int) -> Path:
    return folder / "annotations" / f"keypoints2d_{subject}.json"

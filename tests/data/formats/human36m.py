"""Write a tiny Human3.6M in its three layouts: official files, JSON re-release, prepared crops.

People stand in the middle of the room with arms and legs apart, seen by cameras where the real
ones stand and with their focal lengths. Every picture has a dot of the colour `dot_colour` under
each joint that ``body16`` has, at a place that is computed here, one joint after the other.

Shapes: N samples, J the 17 joints, 2 = (x, y), 3 = (x, y, z).
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
from cdflib import cdfwrite
from tests.datasets import photograph, save_image

JOINTS = {  # in the order of the files; mm, the person looks along y, z is up
    "Pelvis": (0, 0, 900),
    "R_Hip": (130, 0, 890),
    "R_Knee": (240, 0, 470),
    "R_Ankle": (330, 0, 60),
    "L_Hip": (-130, 0, 890),
    "L_Knee": (-240, 0, 470),
    "L_Ankle": (-330, 0, 60),
    "Torso": (0, -40, 1130),
    "Neck": (0, 0, 1440),
    "Nose": (0, 90, 1530),
    "Head": (0, 0, 1660),
    "L_Shoulder": (-180, 0, 1370),
    "L_Elbow": (-440, 0, 1390),
    "L_Wrist": (-690, 0, 1290),
    "R_Shoulder": (180, 0, 1370),
    "R_Elbow": (440, 0, 1390),
    "R_Wrist": (690, 0, 1290),
}
UNPAINTED = ("Torso", "Nose")
NODE_OF = {  # of the motion capture's 32 nodes
    "Pelvis": 0,
    **{"R_Hip": 1, "R_Knee": 2, "R_Ankle": 3},
    **{"L_Hip": 6, "L_Knee": 7, "L_Ankle": 8},
    **{"Torso": 12, "Neck": 13, "Nose": 14, "Head": 15},
    **{"L_Shoulder": 17, "L_Elbow": 18, "L_Wrist": 19},
    **{"R_Shoulder": 25, "R_Elbow": 26, "R_Wrist": 27},
}
CAMERAS = {
    1: (
        "54138969",
        (1145.049, 1143.781),
        (512.542, 515.451),
        (1841.1, 4955.3, 1563.4),
        (1000, 1002),
    ),
    2: (
        "55011271",
        (1149.676, 1147.592),
        (508.849, 508.065),
        (1761.3, -5078.0, 1606.3),
        (1000, 1000),
    ),
}
NAMES = {2: "Directions", 12: "Photo", 16: "WalkTogether"}


@dataclass
class Human36M:
    """What was written, in the order of the files."""

    path: Path
    names: list[str] = field(default_factory=list)
    points: list[dict[str, tuple[float, float]]] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    clips: list[str] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)


def write_human36m(
    folder: Path,
    subjects: tuple[int, ...] = (1, 9),
    actions: tuple[int, ...] = (2, 16),
    cameras: tuple[int, ...] = (1, 2),
    frames: int = 4,
    position: bool = False,
    photographs: bool = True,
) -> Human36M:
    """The JSON re-release: ``annotations/`` and ``images/``.

    With ``position``, the cameras' ``t`` is where they stand, as some copies have it. Without
    ``photographs`` those are empty grey, which is faster.
    """
    truth = Human36M(folder)
    for subject in subjects:
        images, joints = [], {}
        for action in actions:
            motion = [_pose(subject, action, frame) for frame in range(frames)]
            joints[str(action)] = {"1": {str(f): list(p.values()) for f, p in enumerate(motion)}}
            for camera in cameras:
                clip = f"s_{subject:02d}_act_{action:02d}_subact_01_ca_{camera:02d}"
                for frame, pose in enumerate(motion):
                    name = f"{clip}/{clip}_{frame + 1:06d}.jpg"
                    points = {joint: project(place, camera) for joint, place in pose.items()}
                    width, height = CAMERAS[camera][4]
                    save_photograph(
                        folder / "images" / name, points if photographs else None, width, height
                    )
                    images.append(
                        {
                            "id": len(images),
                            "file_name": name,
                            "width": width,
                            "height": height,
                            "subject": subject,
                            "action_name": NAMES[action],
                            "action_idx": action,
                            "subaction_idx": 1,
                            "cam_idx": camera,
                            "frame_idx": frame,
                        }
                    )
                    _note(truth, name, points, subject, clip, NAMES[action].lower(), camera)
        start = f"Human36M_subject{subject}"
        annotations = [{"id": i, "image_id": i, "bbox": [1, 2, 3, 4]} for i in range(len(images))]
        save_json(folder, f"{start}_data", {"images": images, "annotations": annotations})
        save_json(folder, f"{start}_joint_3d", joints)
        save_json(folder, f"{start}_camera", {str(c): _camera(c, position) for c in cameras})
    return truth


def write_human36m_crops(
    folder: Path, subjects: tuple[int, ...] = (1, 9), frames: int = 4
) -> Human36M:
    """What the reference code makes: ``crop_images/`` of 512 px, ``keypoints2d_{S}.json``."""
    truth = Human36M(folder)
    for subject in subjects:
        crops = []
        for frame in range(frames):
            clip = f"s_{subject:02d}_act_02_subact_01_ca_01"
            name = f"{clip}/{clip}_{5 * frame + 1:06d}.jpg"
            seen = {j: project(p, 1) for j, p in _pose(subject, 2, frame).items()}
            points = {j: ((x - 300) * 1.2, (y - 300) * 1.2) for j, (x, y) in seen.items()}
            save_image(folder / "crop_images" / name, picture(points, 512, 512))
            crops.append(
                {
                    "name": name,
                    "keypoint2d": [by_keypoint(points)[k] for k in KEYPOINTS],
                    "keypoint3d": [[0.0, 0.0, 1.0]] * 16,
                    "intrinsic_matrix": [[1.0, 0, 0], [0, 1, 0], [0, 0, 1]],
                }
            )
            _note(truth, name, points, subject, clip, "directions", 1)
            truth.sizes[-1] = (512, 512)
        save_json(folder, f"keypoints2d_{subject}", crops)
    return truth


def write_human36m_cdf(
    folder: Path,
    subjects: tuple[int, ...] = (1, 9),
    actions: tuple[str, ...] = ("Directions 1", "TakingPhoto"),
    frames: int = 5,
    more_frames: int = 0,
    scale: float = 0.4,
) -> Human36M:
    """The official files: ``S1/MyPoseFeatures/D2_Positions/*.cdf`` and ``S1/Videos/*.mp4``.

    ``more_frames`` without a pose follow in each video. Pictures are ``scale`` times as large as
    the real ones.
    """
    truth = Human36M(folder)
    for subject in subjects:
        for action in actions:
            number = 12 if "Photo" in action else 2
            for camera, (serial, *_, (full_width, full_height)) in CAMERAS.items():
                width, height = (2 * round(scale * side / 2) for side in (full_width, full_height))
                stem = f"{action}.{serial}"
                poses = [_pose(subject, number, frame) for frame in range(frames)]
                seen = [
                    {j: tuple(scale * v for v in project(p, camera)) for j, p in pose.items()}
                    for pose in poses
                ]
                pictures = [picture(points, width, height) for points in seen]
                pictures += [pictures[-1]] * more_frames
                video = folder / f"S{subject}" / "Videos" / f"{stem}.mp4"
                write_video(video, pictures)
                save_cdf(positions(folder, subject) / f"{stem}.cdf", _nodes(seen))
                for frame, points in enumerate(seen):
                    name = f"S{subject}/Videos/{stem}.mp4#{frame}"
                    mode = NAMES[number].lower()
                    _note(truth, name, points, subject, f"S{subject}/{stem}", mode, camera)
                    truth.sizes[-1] = (width, height)
    return truth


KEYPOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)


def by_keypoint(points: dict[str, tuple]) -> dict[str, tuple]:
    """Joints under the names of ``body16``."""
    out = {}
    for side, letter in (("right", "R"), ("left", "L")):
        for part in ("ankle", "knee", "hip", "wrist", "elbow", "shoulder"):
            out[f"{side}_{part}"] = points[f"{letter}_{part.title()}"]
    shoulders = zip(points["R_Shoulder"], points["L_Shoulder"], strict=True)
    out |= {"pelvis": points["Pelvis"], "upper_neck": points["Neck"], "head_top": points["Head"]}
    return out | {"thorax": tuple((right + left) / 2 for right, left in shoulders)}


def project(place: tuple[float, ...], camera: int) -> tuple[float, float]:
    """Pixel of a place in the room, by the dot product with each axis of the camera."""
    _, (fx, fy), (cx, cy), position, _ = CAMERAS[camera]
    right, down, ahead = _axes(camera)
    offset = [place[axis] - position[axis] for axis in range(3)]
    x, y, z = (
        sum(a * b for a, b in zip(axis, offset, strict=True)) for axis in (right, down, ahead)
    )
    return fx * x / z + cx, fy * y / z + cy


def picture(points: dict[str, tuple[float, float]], width: int, height: int) -> np.ndarray:
    seen_J = np.array([joint not in UNPAINTED for joint in points])
    return photograph(np.array(list(points.values())), seen_J, width, height)


def save_photograph(path: Path, points: dict | None, width: int, height: int) -> None:
    """A picture with its dots, or an empty one of that size."""
    if points is not None:
        return save_image(path, picture(points, width, height))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_empty_jpeg(width, height))


@functools.cache
def _empty_jpeg(width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def positions(folder: Path, subject: int) -> Path:
    return folder / f"S{subject}" / "MyPoseFeatures" / "D2_Positions"


def save_json(folder: Path, name: str, content: object) -> None:
    path = folder / "annotations" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def save_cdf(path: Path, values: np.ndarray, variable: str = "Pose") -> None:
    """One variable in one record, so that it is read as (1, *shape)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    file = cdfwrite.CDF(path)
    spec = {
        "Variable": variable,
        "Data_Type": 44,  # CDF_FLOAT
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape),
    }
    file.write_var(spec, var_data=values[None].astype(np.float32))
    file.close()


def write_video(path: Path, pictures: list[np.ndarray]) -> None:
    """H.264 in mp4 at 50 Hz, a keyframe every 4, with frames stored out of order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        options = {"crf": "8", "g": "4", "preset": "ultrafast", "bf": "2"}
        stream = container.add_stream("libx264", rate=50, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image_HW3 in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_HW3, format="rgb24")))
        container.mux(stream.encode())


def _pose(subject: int, action: int, frame: int) -> dict[str, tuple[float, ...]]:
    """Joints in the room: the person steps aside, turns a little, and every joint trembles."""
    rng = np.random.default_rng([subject, action, frame])
    aside_3 = np.array([rng.uniform(-300, 300), rng.uniform(-300, 300), 0])
    turn = rng.uniform(-0.35, 0.35)
    cos, sin = np.cos(turn), np.sin(turn)
    pose = {}
    for joint, (x, y, z) in JOINTS.items():
        place_3 = np.array([cos * x - sin * y, sin * x + cos * y, z]) + aside_3
        pose[joint] = tuple((place_3 + rng.uniform(-15, 15, 3)).tolist())
    return pose


def _axes(camera: int) -> list[np.ndarray]:
    """Right, down and ahead of a camera that looks at the middle of the room."""
    ahead_3 = np.array((100.0, 50.0, 900.0)) - np.array(CAMERAS[camera][3])
    ahead_3 /= np.linalg.norm(ahead_3)
    right_3 = np.cross(ahead_3, (0, 0, 1))
    right_3 /= np.linalg.norm(right_3)
    return [right_3, np.cross(ahead_3, right_3), ahead_3]


def _camera(camera: int, position: bool) -> dict[str, list]:
    _, focal, centre, place, _ = CAMERAS[camera]
    rotation_33 = np.array(_axes(camera))
    shift_3 = np.array(place) if position else -rotation_33 @ np.array(place)
    return {"R": rotation_33.tolist(), "t": shift_3.tolist(), "f": list(focal), "c": list(centre)}


def _nodes(seen: list[dict[str, tuple[float, float]]]) -> np.ndarray:
    """(T, 64): the 32 nodes of each frame, x and y in turn; those nobody uses hold other places."""
    nodes_T322 = np.random.default_rng(0).uniform(0, 100, (len(seen), 32, 2))
    for frame, points in enumerate(seen):
        for joint, point in points.items():
            nodes_T322[frame, NODE_OF[joint]] = point
    return nodes_T322.reshape(len(seen), 64)


def _note(truth, name, points, subject, clip, mode, camera) -> None:
    truth.names.append(name)
    truth.points.append(points)
    truth.subjects.append(subject)
    truth.clips.append(clip)
    truth.modes.append(mode)
    truth.sizes.append(CAMERAS[camera][4])

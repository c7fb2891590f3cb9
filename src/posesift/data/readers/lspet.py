"""Leeds Sports Pose Extended: a folder with joints.mat and images/.

Johnson and Everingham, "Learning Effective Human Pose Estimation from Inaccurate Annotation",
CVPR 2011; 10,000 Flickr photographs of parkour, gymnastics and athletics, labelled by a crowd.
The folder is read as it is distributed.

Shapes: N images, J the file's 14 joints, K the 16 keypoints of ``body16``, 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift import skeletons
from posesift.data.files.images import image_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About, require
from posesift.data.readers.lsp_files import KEYPOINT_OF_JOINT, image_names, joints
from posesift.poses.table import PoseTable

ABOUT = About(
    title="Leeds Sports Pose Extended: 10,000 photographs of people doing sports, 14 joints",
    page="https://sam.johnson.io/research/lspet.html",
    get="lspet_dataset.zip",
    terms="research use with citation asked for; the photographs are from Flickr",
    tree="""
joints.mat
images/
  im00001.jpg ...
""",
    cite="Johnson and Everingham, CVPR 2011",
)


def read(path: str, *, split: Split = "all", boxes: Boxes = "file") -> PoseTable:
    """Read the folder.

    A joint with visible = 0 holds garbage and is masked. A few joints are called visible and lie
    off their image, by up to two pixels: they are made invisible and listed in
    ``table.problems``, for ``visible`` promises a usable coordinate. Coordinates count from 1 in
    the file and from 0 in the table. The file has no boxes: the whole image is used.

    Args:
        path: the folder.
        split: ``train``, ``test`` (the last quarter; the set has no split of its own) or ``all``.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.labels.boxes`.

    Raises:
        ValueError: a part is missing, not as described above, or more than 5 % of the samples
            are bad.
    """
    folder = require(path, ["joints.mat"], "an LSP-extended folder with joints.mat and images/")
    joints_NJ3 = joints(folder, "visible")
    names = image_names(folder, len(joints_NJ3), digits=5)
    size_N2, bad = image_sizes([folder / name for name in names])

    skeleton = skeletons.load("body16")
    # MATLAB counts pixels from 1
    keypoints_NK2 = placed(joints_NJ3[..., :2] - 1, KEYPOINT_OF_JOINT, len(skeleton))
    visible_NK = placed(joints_NJ3[..., 2] > 0, KEYPOINT_OF_JOINT, len(skeleton))
    return labelled(
        skeleton,
        keypoints_NK2,
        visible_NK,
        size_N2,
        names,
        str(folder),
        chosen_N=in_split(split, names),
        bad=bad,
        boxes=boxes,
        image_N=np.array(names, dtype=object),
        root=str(folder),
    )

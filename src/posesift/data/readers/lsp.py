"""Leeds Sports Pose: a folder with joints.mat and images/.

Johnson and Everingham, "Clustered Pose and Nonlinear Appearance Models for Human Pose
Estimation", BMVC 2010; 2,000 Flickr photographs of people doing eight sports. The folder is read
as it is distributed.

Shapes: N images, J the file's 14 joints, K the 16 keypoints of ``body16``, 2 = (x, y).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from posesift import skeletons
from posesift.data.files.images import image_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.splits import Split, half
from posesift.data.readers.about import About, require
from posesift.data.readers.lsp_files import KEYPOINT_OF_JOINT, image_names, joints
from posesift.poses.table import PoseTable

ABOUT = About(
    title="Leeds Sports Pose: 2,000 photographs of people doing sports, 14 joints",
    page="https://sam.johnson.io/research/lsp.html",
    get="lsp_dataset.zip",
    terms="research use with citation asked for; the photographs are from Flickr",
    tree="""
joints.mat
images/
  im0001.jpg ...
""",
    cite="Johnson and Everingham, BMVC 2010",
)


def read(
    path: str, *, split: Split = "all", boxes: Boxes = "file", parity: bool = False
) -> PoseTable:
    """Read the folder.

    The third row of the file says that a joint is *occluded*: it is labelled all the same, so it
    is visible here, and occluded. A joint that lies off its image is made invisible and listed in
    ``table.problems``. Coordinates count from 1 in the file and from 0 in the table. The file has
    no boxes: the whole image is used.

    With ``parity`` the data are those of the published adaptation code: ``train`` and ``test``
    are both all the images, so what is tested on has been adapted to; occluded joints are
    invisible; pixels keep counting from 1. Joints off the image stay invisible, which that code
    uses where its padding of the image shows them.

    Args:
        path: the folder.
        split: ``train`` (the first half, 1,000 images, as the set's authors have it), ``test``
            (the second) or ``all``.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.labels.boxes`.
        parity: as above.

    Raises:
        ValueError: a part is missing, not as described above, or more than 5 % of the samples
            are bad.
    """
    folder = require(path, ["joints.mat"], "an LSP folder with joints.mat and images/")
    joints_NJ3 = joints(folder, "occluded")
    names = image_names(folder, len(joints_NJ3), digits=4)
    size_N2, bad = image_sizes([folder / name for name in names])

    skeleton = skeletons.load("body16")
    # MATLAB counts pixels from 1
    keypoints_NK2 = placed(joints_NJ3[..., :2] - 1, KEYPOINT_OF_JOINT, len(skeleton))
    visible_NK = placed(np.ones(joints_NJ3.shape[:2], bool), KEYPOINT_OF_JOINT, len(skeleton))
    occluded_NK = placed(joints_NJ3[..., 2] > 0, KEYPOINT_OF_JOINT, len(skeleton))
    is_test_N = np.arange(len(names)) >= len(names) // 2
    table = labelled(
        skeleton,
        keypoints_NK2,
        visible_NK & ~occluded_NK if parity else visible_NK,
        size_N2,
        names,
        str(folder),
        chosen_N=half("all" if parity else split, is_test_N),
        bad=bad,
        boxes=boxes,
        image_N=np.array(names, dtype=object),
        root=str(folder),
        occluded_NK=occluded_NK,
    )
    if parity:
        return dataclasses.replace(table, keypoints_NK2=table.keypoints_NK2 + 1)
    return table

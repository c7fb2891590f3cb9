"""Pose networks and the codec between keypoints and heatmaps.

``small`` (a 1 M parameter network for 64 px crops), ``resnet`` and ``heads`` (the field's
ResNet with deconvolutions), ``efficientnet`` and ``pyramid`` (a small pretrained backbone with an
additive decoder), ``heatmaps`` (coordinates to heatmaps and back), ``build`` (by name, with
weights), ``style`` (one image in the look of another). Nearly all of them need torch, so import
the module you use:

    from posesift.networks.build import build
    from posesift.networks.heatmaps import HeatmapCodec

All of them take *normalised* images: brightness in [0, 1] less `MEAN`, over `SPREAD`, a channel
(r, g, b) at a time.
"""

from typing import NamedTuple

MEAN = (0.485, 0.456, 0.406)  # of ImageNet, where published backbones come from
SPREAD = (0.229, 0.224, 0.225)


class Listed(NamedTuple):
    """A network.

    Attributes:
        made_by: module and function, which is given ``arguments`` and the number of keypoints.
        multiple: pixels that the side of its images is a multiple of.
        arguments: of ``made_by``.
    """

    made_by: str
    multiple: int = 32
    arguments: tuple[int, ...] = ()


NETWORKS = {
    "small": Listed("posesift.networks.small:SmallPoseNet", multiple=16),
    "efficientnet-lite0": Listed("posesift.networks.pyramid:efficientnet_lite0"),
    "resnet18": Listed("posesift.networks.heads:pose_resnet", arguments=(18,)),
    "resnet34": Listed("posesift.networks.heads:pose_resnet", arguments=(34,)),
    "resnet50": Listed("posesift.networks.heads:pose_resnet", arguments=(50,)),
    "resnet101": Listed("posesift.networks.heads:pose_resnet", arguments=(101,)),
}
"""By name."""

TIMM = "timm:"
"""Begins the name of a network whose backbone is one of timm's: ``timm:mobilenetv3_large_100``."""

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

MEAN = (0.485, 0.456, 0.406)  # of ImageNet, where published backbones come from
SPREAD = (0.229, 0.224, 0.225)

SIDES = {
    "small": 16,
    "efficientnet-lite0": 32,
    "resnet18": 32,
    "resnet34": 32,
    "resnet50": 32,
    "resnet101": 32,
}
"""Networks by name, and the number of pixels that the side of their images is a multiple of."""

TIMM = "timm:"
"""Begins the name of a network whose backbone is one of timm's: ``timm:mobilenetv3_large_100``."""

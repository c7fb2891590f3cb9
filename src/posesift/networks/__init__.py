"""Pose networks and the codec between keypoints and heatmaps.

``small`` (a 1 M parameter network for 64 px crops), ``resnet`` and ``heads`` (the field's
ResNet with deconvolutions), ``heatmaps`` (coordinates to heatmaps and back), ``build`` (by name,
with weights from a file). All of them need torch, so import the module you use:

    from posesift.networks.build import build
    from posesift.networks.heatmaps import HeatmapCodec
"""

"""Scores of predictions: PCK, EvalPose and angle errors, by group, by difficulty, with intervals.

``pck``, ``pck_reference``, ``evalpose``, ``by_bin``, ``similarity``, ``support``, ``intervals``,
``evaluate`` and ``samples`` are plain NumPy; ``metrics`` (torchmetrics classes), ``predict`` and
``baselines`` load torch. Import the module you need.
"""

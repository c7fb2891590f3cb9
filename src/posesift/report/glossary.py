"""What the terms of a page mean, one plain sentence each; only those that the page uses.

A term is used where the reader meets it as text: in a heading, a sentence, a table, a caption.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from posesift.report.blocks import Download, Explorer, Page
from posesift.report.theme import Chart

Word = tuple[str, str, str]
"""The term, the pattern by which it is found, and what it means."""

WORDS: tuple[Word, ...] = (
    ("arm", r"\barms?\b", "One way of training in a comparison: a method with a way of sampling."),
    ("bin", r"\bbins?\b", "Poses of like difficulty; bins are counted from 1, the easiest."),
    (
        "mode",
        r"\bmodes?\b|\bkinds? of pose",
        "What a pose shows, such as standing or a handstand, where the data name it.",
    ),
    (
        "rare",
        r"\brare\b",
        "In a built-in world, a mode that makes up less than 3 % of the source; elsewhere, where "
        "nobody knows which poses are rare, one that the score puts into its hardest bin.",
    ),
    (
        "elbo",
        r"\belbo\b",
        "A score of difficulty: how improbable a pose is under a variational autoencoder (VAE) of "
        "the source's poses, higher for rarer ones.",
    ),
    (
        "reconstruction",
        r"\breconstruction\b",
        "A score of difficulty: the error with which that autoencoder gives a pose back.",
    ),
    (
        "support",
        r"\bsupport\b",
        "How many source poses are similar to a target pose: within 15 degrees of root mean square "
        "difference over the joint angles, whichever way up they are.",
    ),
    (
        "PCK@0.05",
        r"\bPCK\b",
        "Percentage of correct keypoints: visible joints predicted within 5 % of the crop's side, "
        "of the twelve limb joints of a body (shoulders, elbows, wrists, hips, knees, ankles) or "
        "of all joints of a hand or an animal.",
    ),
    (
        "AUC",
        r"\bAUC\b",
        "Of PCK: the area under its curve for thresholds up to 20 % of the crop's side. Of a "
        "score: how often it ranks a rare pose above another, 0.50 by chance.",
    ),
    (
        "EvalPose",
        r"\bEvalPose\b",
        "How closely limbs point where they should in the picture, blind to position and size: 100 "
        "= all exactly, 0 = all off by 45 degrees or more; directions at random reach 12.5.",
    ),
    (
        "EvalPose, standardised",
        r"\bEvalPose, standardised\b",
        "An earlier form of EvalPose, by joint angles in units of their spread: 100 = the same, "
        "0 = no more alike than two random poses.",
    ),
    (
        "EvalPose cosine",
        r"\bcosine\b",
        "The cosine between the angles themselves; as all are positive it lies near 1 for almost "
        "any two poses, so one constant average pose scores high and may lead the column.",
    ),
    (
        "angle error",
        r"\b[Aa]ngle error\b",
        "Mean difference of predicted and labelled joint angles, in degrees; lower is better.",
    ),
    (
        "oracle",
        r"\b[Oo]racles?\b",
        "The same network trained on labels of the target itself: what this budget can reach.",
    ),
    (
        "regret",
        r"\b[Rr]egret\b",
        "Points by which a model stays behind an oracle in the same test set.",
    ),
    (
        "pose headroom",
        r"\bheadroom\b",
        "What training on the target's own poses in the source's appearance would gain: the most "
        "that "
        "any choice of poses can.",
    ),
    (
        "source only",
        r"\b[Ss]ource[ -]only\b",
        "Training on labelled source images alone: what every method has to beat.",
    ),
    (
        "warm-up",
        r"\b[Ww]arm-up\b",
        "The first stage of training, on source images alone, from which all methods start.",
    ),
    (
        "RegDA",
        r"\bRegDA\b",
        "Adaptation by two heads: one is parted from the other on unlabelled target images, and "
        "the features learn to bring them together.",
    ),
    (
        "UDAPE",
        r"\bUDAPE\b",
        "Adaptation by a mean teacher: a moving average of the network labels the target images, "
        "and the network learns from these labels.",
    ),
    (
        "BatchNorm re-estimated",
        r"\bBatchNorm\b",
        "The statistics of a trained network's normalisation measured anew on target images, with "
        "no training.",
    ),
    (
        "curriculum",
        r"\b[Cc]urriculum\b",
        "Sampling that begins with easy source poses and lets harder ones in step by step.",
    ),
    (
        "hard mining",
        r"\b[Hh]ard[ -]mining\b",
        "Sampling that draws sparse source poses more often, mostly the hard ones.",
    ),
    (
        "shuffled",
        r"\b[Ss]huffled\b",
        "The control of hard mining: it draws as unevenly, but by scores dealt out at random.",
    ),
    (
        "rendered",
        r"\b[Rr]endered (?:like|where|at random|flat)\b",
        "Training on the source with renderings in the place of some poses: chosen for what the "
        "target has and the source lacks (like target), also for where the student fails (where "
        "failing); controls: as many at random from the source's mixture, and of all kinds "
        "equally often (flat).",
    ),
    (
        "random pacing",
        r"\b[Rr]andom[ -]pacing\b",
        "The control of a curriculum: samples are let in at the same pace in random order.",
    ),
    (
        "p (Holm)",
        r"\bHolm\b",
        "The p value made larger for the number of differences that were looked at (Holm, 1979).",
    ),
    (
        "covariance trace",
        r"\b[Cc]ovariance\b",
        "Sum of the variances of a bin's pose coordinates: how varied its poses are.",
    ),
    (
        "inductive",
        r"\b[Ii]nductive\b",
        "Measured on target images that were not adapted to.",
    ),
)


UNSEEN = ("role", "anchor", "command")  # of blocks: for the page's look and its links


def of(page: Page) -> list[tuple[str, str]]:
    """Return the terms that a page uses with their meaning, in the order of `WORDS`."""
    said = "\n".join(texts(page))
    return [(term, meaning) for term, pattern, meaning in WORDS if re.search(pattern, said)]


def texts(value: Any) -> Iterator[str]:
    """Every string of a page that a reader can see, without files and pictures."""
    if isinstance(value, str):
        if not value.startswith("data:"):
            yield value
    elif isinstance(value, Chart):
        yield from (value.title, value.alt, value.caption)
    elif isinstance(value, Download | Explorer):
        return
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            if part.name not in UNSEEN:
                yield from texts(getattr(value, part.name))

"""What the documents of a result hold, as types; the readers of this room check them.

A key that a page can do without may be missing, and any figure may be null: it was not measured, or
was no number. What is of another type than here was written by something else, or is damaged.
"""

from __future__ import annotations

from typing import Annotated, Required, TypedDict

import msgspec

Number = float | None
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Interval = Annotated[list[Number], msgspec.Meta(min_length=2, max_length=2)]
ByName = dict[str, Number]
_Two = msgspec.Meta(min_length=2, max_length=2)


class BinRow(TypedDict, total=False):
    """A test set's figures in one range of difficulty."""

    bin: Required[Count]
    low: Number
    high: Number
    samples: Required[Count | None]
    pck: Required[Number]
    evalpose_100: Number
    interval: Interval | None


class SupportRow(TypedDict, total=False):
    """A test set's figures by the number of near neighbours in the source."""

    neighbours_low: Required[Count]
    neighbours_high: Required[Count | None]
    samples: Required[Count | None]
    pck: Required[Number]


class Entry(TypedDict, total=False):
    """One model on one test set."""

    samples: Count | None
    protocol: str | None
    pck: dict[str, ByName | None] | None
    pck_auc: Number
    pck_either_side: ByName | None
    evalpose_100: Number
    evalpose_cosine: Number
    angle_error_deg: Number
    angle_error_by_group: ByName | None
    angle_at_15: Number
    undefined: dict[str, Count | None] | None
    by_bin: list[BinRow] | None
    by_support: list[SupportRow] | None
    interval: Interval | None


Sets = dict[str, Entry | None]


class Evaluation(TypedDict, total=False):
    """``evaluation.json`` of a run."""

    sets: Required[Sets | None]
    baselines: dict[str, Sets | None] | None
    warnings: list[str] | None


class Draws(TypedDict, total=False):
    """How evenly a run drew."""

    effective_sample_size: Number
    largest_weight: Number


class Environment(TypedDict, total=False):
    """``environment.json``: what a run was made by."""

    posesift: str | None
    device: str | None
    device_name: str | None
    precision: str | None
    threads: Count | None
    ranks: Count | None
    skeleton: str | None
    skeleton_json: str | None
    source_samples: Count | None
    draws: Draws | None
    evaluated: str | None


class Manifest(TypedDict, total=False):
    """``manifest.json`` of a finished folder."""

    kind: str | None
    posesift: str | None
    recipe: str | None
    of: str | None
    data: str | None
    files: dict[str, Count] | None


class Variation(TypedDict, total=False):
    """One bin of a score, or several together."""

    bin: Required[Count]
    bins: Annotated[list[Count], _Two] | None
    low: Required[Number]
    high: Required[Number]
    samples: Required[Count]
    q05: Required[Number]
    q25: Required[Number]
    q50: Required[Number]
    q75: Required[Number]
    q95: Required[Number]
    mean: Number
    covariance_trace: Required[Number]
    spread: list[Number] | None
    rare_share: Number


class Published(TypedDict, total=False):
    """A row of published figures."""

    method: Required[str]
    groups: ByName | None
    all: Number
    trust: str | None
    note: str | None


class FittedOn(TypedDict, total=False):
    """The poses that a scorer was fitted on."""

    address: str | None
    samples: Count | None
    seen: Count | None


class Similarity(TypedDict, total=False):
    """EvalPose between bins, or groups of them."""

    matrix: Required[list[list[Number]]]
    bins: list[Annotated[list[Count], _Two]] | None
    used: Count | None
    left_out: Count | None


class Summary(TypedDict, total=False):
    """``summary.json`` of a score."""

    address: Required[str]
    samples: Required[Count]
    digest: str | None
    skeleton: Required[str]
    method: Required[str]
    normalisation: str | None
    fitted_on: FittedOn | None
    bins: Required[Annotated[int, msgspec.Meta(ge=1, le=2**31)]]
    binning: str | None
    edges: Required[list[float]]
    seconds: Number
    variation: Required[list[Variation]]
    variation_grouped: list[Variation] | None
    variation_spearman: ByName | None
    rare_mode_auc: ByName | None
    agreement: ByName | None
    rank_correlation_with_default: ByName | None
    box_side_correlation: Number
    warnings: list[str] | None
    similarity: Similarity | None


class TestSet(TypedDict, total=False):
    """A test set of a comparison."""

    label: str | None
    address: str | None
    samples: Count | None


class Arm(TypedDict, total=False):
    """A method with a sampling strategy."""

    name: Required[str]
    role: Required[str]
    method: str | None
    sampling: str | None
    sample_in: str | None
    start: str | None
    trained_on: str | None
    warmup_steps: Count | None
    steps: Count | None
    seeds: Count | list[int] | None
    rendered: Count | None
    looks_at: str | None
    student: str | None
    label: str | None
    against: str | None
    effective_sample_size: Number
    largest_weight: Number


class Cell(TypedDict, total=False):
    """One arm and one seed."""

    arm: Required[str]
    seed: Required[int]
    folder: str | None
    sets: Required[Sets]


class Spread(TypedDict, total=False):
    """A mean over seeds, and each seed's own value."""

    arm: Required[str]
    values: Required[list[Number]]
    mean: Required[Number]
    low: Number
    high: Number


class Difference(Spread, total=False):
    """One arm minus another on one endpoint."""

    endpoint: Required[str]
    against: Required[str]
    half_width: Number
    p: Number
    p_holm: Number


class Headroom(TypedDict, total=False):
    """What a perfect choice of poses could gain."""

    values: list[Number] | None
    mean: Number
    low: Number
    high: Number
    half_width: Number
    p: Number


class FailingCell(TypedDict):
    """One joint in one cluster of a target's poses, on which a student fails; percent.

    ``part`` of all error lies here: the cluster's ``share`` times its mean ``error``. ``pose`` is
    in the middle of the cluster, a place a keypoint, null where it is not visible.
    """

    joint: str
    share: Number
    error: Number
    part: Number
    pose: list[Annotated[list[float], _Two] | None]


class Rendering(TypedDict, total=False):
    """What took the place of a part of an arm's source, of one seed; shares in percent."""

    arm: Required[str]
    seed: Required[int]
    rendering: str | None
    asked: Count | None
    rendered: Required[Count]
    proposed: Count | None
    looked_at: str | None
    lacked_before: Number
    lack_after: Number
    test_samples: Count | None
    test_lacked_before: Number
    test_lack_after: Number
    classes: dict[str, Count] | None
    failing: list[FailingCell] | None


class Square(TypedDict):
    """The 2x2 table poses x look."""

    rows: Annotated[list[str], _Two]
    columns: Annotated[list[str], _Two]
    sets: Annotated[list[Annotated[list[str], _Two]], _Two]


class Baseline(TypedDict, total=False):
    """What needs no training, on every test set."""

    name: Required[str]
    seed: int | None
    inductive: bool | None
    sets: Required[Sets]


class Budget(TypedDict, total=False):
    """Steps and images of every arm."""

    warmup_steps: Count | None
    steps: Count | None
    oracle_steps: Count | None
    batch_size: Count | None


class Comparison(TypedDict, total=False):
    """``comparison.json``."""

    title: Required[str]
    recipe: str | None
    skeleton: str | None
    side: Count | None
    seeds: Required[list[int]]
    quick: bool | None
    notes: list[str] | None
    command: str | None
    budget: Required[Budget]
    environment: Environment | None
    sets: Required[dict[str, TestSet]]
    gap: Square | None
    arms: Required[list[Arm]]
    cells: Required[list[Cell]]
    baselines: list[Baseline] | None
    primary: Required[Difference]
    secondary: list[Difference] | None
    gap_closed: list[Spread] | None
    headroom: Headroom | None
    support: dict[str, list[SupportRow] | None] | None
    renderings: list[Rendering] | None
    published: list[Published] | None
    checkpoint: str | None


class Settings(TypedDict, total=False):
    """``experiment.yaml`` as far as pages speak of it; an older one may have other fields."""

    recipe: str | None
    title: str | None
    source: str | None
    target: str | None
    test: dict[str, str] | None
    labels: dict[str, str] | None
    method: str | None
    style: str | None
    parity: bool | None
    sampling: str | None
    sample_in: str | None
    choose_by: str | None
    warmup_steps: Count | None
    steps: Count | None
    batch_size: Count | None
    side: Count | None
    network: str | None
    seed: int | None
    start_from: str | None
    notes: list[str] | None


Line = dict[str, float | str | None]
"""A line of ``metrics.jsonl``."""

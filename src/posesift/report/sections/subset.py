"""The parts of a page about a subset: what was taken of each bin, and how taken and left look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from posesift.experiments.subset import Choice, Source
from posesift.poses.angles import joint_angles
from posesift.report import pictures
from posesift.report.blocks import (
    COUNT,
    Block,
    Cell,
    Charts,
    Gallery,
    Note,
    Row,
    Section,
    Strip,
    Table,
)
from posesift.report.figures.axes import named, pairs_for, panel
from posesift.report.figures.shares import taken_by_bin
from posesift.report.wording import capitalised, count, listed, number, plural
from posesift.similarity.neighbours import nearest

PER_STRIP = 6


def sections(source: Source, choice: Choice, told: dict[str, Any]) -> list[Section]:
    """Give the sections on one source.

    Args:
        source: the scored poses.
        choice: what is taken of them.
        told: its entry in ``subset.json``.
    """
    found = [amounts(source, choice, told), gallery(source, choice)]
    if choice.duplicate_N.any():
        found.append(duplicates(source, choice))
    return found


def amounts(source: Source, choice: Choice, told: dict[str, Any]) -> Section:
    """How many poses of each bin are in the set, put aside, taken, and taken by uniform draws."""
    by_bin = {name: np.array(value_k) for name, value_k in told["by_bin"].items()}
    blocks: list[Block] = [
        Charts([taken_by_bin(by_bin["taken"], by_bin["uniform"], choice.strategy)]),
        _table(by_bin, bool(choice.duplicate_N.any())),
    ]
    lead = (
        f"{capitalised(choice.strategy)} takes {plural(told['taken'], 'pose')} of "
        f"{count(told['poses'])}."
    )
    return Section(f"taken{_mark(source)}", f"Taken, bin by bin{_of(source)}", lead, blocks)


def never_drawn(choice: Choice) -> str:
    """Name the bins that hold poses of which the strategy draws none, or give ""."""
    if not (never := choice.never_drawn):
        return ""
    held = int(np.isin(choice.bin_N, never).sum())
    bins = listed([str(number + 1) for number in never])
    return (
        f"{capitalised(choice.strategy)} never draws bin{'s' * (len(never) != 1)} {bins}: none of "
        f"the {plural(held, 'pose')} there can be in this subset, whatever its size."
    )


def gallery(source: Source, choice: Choice) -> Section:
    """Show some poses that are taken and some that are left, of the same bins."""
    taken_N = choice.draws_N > 0
    groups = [
        _group(inside_N & which_N, f"{named(pair)}, {told}")
        for pair in panel(choice.k)
        for inside_N in [(choice.bin_N >= pair[0]) & (choice.bin_N <= pair[1])]
        for which_N, told in ((taken_N, "taken"), (~taken_N, "left"))
    ]
    strips, problem = pictures.strips(source.table, source.score.score_N, groups)
    strips = [replace(strip, follows=bool(i % 2)) for i, strip in enumerate(strips)]
    caption = f"Up to {PER_STRIP} poses of each, drawn at random (seed 0), not chosen."
    block = Gallery("Taken and left, in pictures", caption, strips)
    lead = "What the subset keeps of each bin, and what it does without."
    title = f"Taken and left{_of(source)}"
    return Section(
        f"pictures{_mark(source)}", title, lead, [*pictures.without_images(problem), block]
    )


def duplicates(source: Source, choice: Choice) -> Section:
    """Show some near duplicates, each beside the pose nearest to it that stays."""
    table = source.table
    gone = pictures.of_bin(choice.duplicate_N.astype(np.int64), 1, PER_STRIP)
    stays = np.flatnonzero(~choice.duplicate_N)
    triplets = table.skeleton.triplets
    away = table.select(gone)
    near = table.select(stays)
    distance, index = nearest(
        joint_angles(away.keypoints_NK2, away.visible_NK, triplets),
        joint_angles(near.keypoints_NK2, near.visible_NK, triplets),
        k=1,
    )
    strips = []
    for row, other, degrees in zip(gone, index[:, 0], distance[:, 0], strict=True):
        rows = np.array([row, stays[other]] if other >= 0 else [row])
        said = [(f"Pose that was {word}", [word]) for word in ("put aside", "stays")[: len(rows)]]
        shown, _ = pictures.labelled(table, rows, said)
        strips.append(Strip(f"{number(float(degrees))}° apart", "", shown))
    total = int(choice.duplicate_N.sum())
    lead = (
        f"{capitalised(plural(total, 'pose'))} of {count(len(source))} "
        f"{'was' if total == 1 else 'were'} put aside before anything was drawn: an earlier pose "
        "with nearly the same joint angles stays."
    )
    caption = "Drawn at random (seed 0). Angles alone count, not place, size or turn."
    block = Gallery("Put aside, and what stays", caption, strips, pairs=True)
    return Section(f"duplicates{_mark(source)}", f"Near duplicates{_of(source)}", lead, [block])


def training(summary: dict[str, Any]) -> Section:
    """Say what to paste where."""
    lead = {
        "yolo": "In a shell, with Ultralytics installed:",
        "list": "In a data YAML of Ultralytics whose labels lie beside the images:",
        "mmpose": "In a config of MMPose, as the dataset of train_dataloader:",
    }.get(summary["format"], "In a shell, with the address of your target in place of TARGET:")
    blocks: list[Block] = [Note(summary["train"], strong=False)]
    weights = (
        "weights.csv and weights.parquet have the draw weight of every scored pose, for trainers "
        "that sample by weight from the whole set, with the ids that join them to it; the subset "
        "itself is drawn uniformly."
    )
    return Section("train", "To train on it", lead, [*blocks, Note(weights, strong=False)])


def _table(by_bin: dict[str, np.ndarray], aside: bool) -> Table:
    names = ["set", *["duplicates"] * aside, "taken", "uniform"]
    called = {
        "set": "in the set",
        "duplicates": "put aside",
        "uniform": "uniform subset",
        "written": "with all of their images",
        "uniform_written": "uniform subset, with all of its images",
    }
    more = "written" in by_bin and bool((by_bin["written"] != by_bin["taken"]).any())
    seen = ["written", "uniform_written"] if more else []
    rows = []
    for first, last in pairs_for(len(by_bin["set"])):
        value = {name: int(value_k[first : last + 1].sum()) for name, value_k in by_bin.items()}
        cells = [Cell(value[name], COUNT) for name in names]
        cells.append(Cell(_times(value["taken"], value["uniform"]), ".2f"))
        if seen:
            cells += [Cell(value[name], COUNT) for name in seen]
            cells.append(Cell(_times(value["written"], value["uniform_written"]), ".2f"))
        rows.append(Row(capitalised(named((first, last))), cells))
    return Table(
        "How many poses of each bin",
        "bin",
        [
            *(called.get(name, name) for name in names),
            "taken / uniform",
            *(called[name] for name in seen),
            *["a trainer of whole images: subset / uniform"] * bool(seen),
        ],
        rows,
        "Uniform subset: as many poses drawn uniformly from the whole set, its control. The same "
        "command with --strategy uniform and another --out writes one: train on both to see what "
        "the choice is worth.",
    )


def _times(taken: int, uniform: int) -> float | None:
    return taken / uniform if uniform else None


def _group(chosen_N: np.ndarray, name: str) -> pictures.Group:
    rows = pictures.of_bin(chosen_N.astype(np.int64), 1, PER_STRIP)
    return capitalised(name), plural(int(chosen_N.sum()), "pose"), f"Pose of {name}", rows


def _of(source: Source) -> str:
    return f": {source.name}" if source.name else ""


def _mark(source: Source) -> str:
    return f"-{source.name}" if source.name else ""

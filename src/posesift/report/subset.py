"""The page of a subset: what was taken, what was left, and how to train on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posesift.experiments.subset import Choice, Source
from posesift.report import contents, page
from posesift.report.blocks import Figure, Page
from posesift.report.sections import subset
from posesift.report.wording import capitalised, count, percent, plural


def write_page(
    folder: Path, sources: Sequence[Source], choices: Sequence[Choice], summary: dict[str, Any]
) -> Path:
    """Draw ``report.html`` of a subset.

    Args:
        folder: of the subset.
        sources: the scored poses.
        choices: what is taken of each.
        summary: of ``subset.json``.
    """
    told = list(zip(sources, choices, summary["sources"], strict=True))
    made = Page(
        kind="Subset",
        title="What to train on",
        lede="Which poses of a scored set are taken, which are left, and what uniform draws take.",
        terms=_terms(summary),
        facts=[
            ("read as", summary["address"]),
            *[(f"data {s['name']}".strip(), s["address"]) for s in summary["sources"]],
            *[(f"scores {s['name']}".strip(), s["scores"]) for s in summary["sources"]],
        ],
        command=summary["command"],
        notes=notes(summary, choices),
        figures=_figures(summary),
        findings=[],
        sections=[
            *(part for one in told for part in subset.sections(*one)),
            subset.training(summary),
        ],
        key=contents.key_of(sources[0].table.skeleton),
    )
    return page.save(made, folder)


def notes(summary: dict[str, Any], choices: Sequence[Choice]) -> list[str]:
    """Say what whoever trains on the subset should know."""
    said = [told for choice in choices if (told := subset.never_drawn(choice))]
    if n := summary["companions"]:
        said.append(
            f"{count(n)} more pose{'s' * (n != 1)} of the same images were written too: a trainer "
            "of whole images takes a person without a label for background. " + written(summary)
        )
    if (n := summary["unlabelled"]) and summary["format"] != "poses":  # PoseSift trains on crops
        said.append(
            f"{count(n)} other pose{'s' * (n != 1)} on the chosen images "
            f"{'is' if n == 1 else 'are'} not written, and unlabelled there. A trainer of crops, "
            "one person each, needs none of them; a trainer of whole images (Detectron2, YOLO, "
            "MMPose bottom-up) would learn that they are background: --people all writes them."
        )
    if broken := summary["broken"]:
        names = [*broken]
        more = f" and {count(len(names) - 3)} more" if len(names) > 3 else ""
        poses = sum(int(choice.broken_N.sum()) for choice in choices)
        said.append(
            f"{capitalised(plural(len(names), 'image'))} with {plural(poses, 'pose')} "
            f"{'is' if len(names) == 1 else 'are'} empty, cut short or no image, and left out: "
            f"{', '.join(names[:3])}{more}. Damage inside a file shows only where it is decoded: "
            "posesift check does."
        )
    said += [f"Of the data: {line}." for line in summary["boxes_in_place"]]
    if summary["boxes_made"]:
        said.append(
            "The data have no boxes: they are drawn around the labelled keypoints, a tenth wider "
            "on each side."
        )
    if n := summary["files"].get("symbolic link"):
        said.append(
            f"{plural(n, 'image')} lie on another disk and are linked symbolically: the folder can "
            "be read only where they are; --images copy makes it whole."
        )
    if summary["format"] == "yolo" and not summary["validation"]:
        said.append(
            "data.yaml validates on the training images, which measures nothing: write your own "
            "labelled images into it as val, or name them with --val."
        )
    return said


def written(summary: dict[str, Any]) -> str:
    """Say what lies in the folder, beside what was chosen, in a line."""
    total, n, others = summary["poses"], summary["written"], summary["companions"]
    said = f"Written: {count(n)} pose{'s' * (n != 1)}"
    if images := summary["written_images"]:
        said += f" on {count(images)} image{'s' * (images != 1)}"
    if others:
        said += f", {count(summary['taken'])} chosen and {count(others)} on the same images"
    return f"{said} ({percent(100 * n / total)} of {count(total)})."


def _terms(summary: dict[str, Any]) -> list[tuple[str, str]]:
    strategies = {source["strategy"]: None for source in summary["sources"]}
    terms = [("strategy", ", ".join(strategies)), ("format", summary["format"])]
    if summary["mix"]:
        shares = ", ".join(f"{name} {percent(100 * r)}" for name, r in summary["mix"].items())
        terms.append(("mix", shares))
    if summary["min_distance"] is not None:
        terms.append(("near duplicates", f"within {summary['min_distance']:g}°"))
    return [*terms, ("seed", str(summary["seed"]))]


def _figures(summary: dict[str, Any]) -> list[Figure]:
    share = percent(100 * summary["taken"] / summary["poses"])
    found = [
        Figure(count(summary["taken"]), "poses", f"{share} of {count(summary['poses'])}", True)
    ]
    if summary["companions"]:
        n = summary["written"]
        share = percent(100 * n / summary["poses"])
        found.append(Figure(count(n), "poses", f"written with all of their images, {share}"))
    if len(summary["sources"]) == 1:
        by_bin = summary["sources"][0]["by_bin"]
        hardest, uniform = by_bin["taken"][-1], by_bin["uniform"][-1]
        found.append(
            Figure(count(hardest), "poses", f"of the hardest bin; uniform takes {count(uniform)}")
        )
    return found

"""Recipes: functions that return a whole `Experiment`. One file a family.

A recipe takes a seed and whether to be quick, and nothing else; what a person wants different is
a field replaced in the experiment it returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from posesift.data.address import Address, parse
from posesift.experiments.recipes import photos, style, worlds
from posesift.experiments.spec import Experiment, choose

BOXES_FROM_LABELS = (
    "Person boxes of the target come from its labels (jittered by 15 %): a detector's boxes would "
    "be worse."
)

RECIPES: dict[str, Callable[[int, bool], Experiment]] = {
    "world-body": worlds.body,
    "world-hand": worlds.hand,
    "photos": photos.photos,
    "style": style.style,
}


def recipe(name: str, seed: int = 0, quick: bool = False) -> Experiment:
    """The experiment that recipe ``name`` describes, for one seed.

    >>> recipe("world-body", seed=3).test["target"]
    'world:body,poses=target,look=photo,n=1000,seed=3,split=test'

    Raises:
        ValueError: no such recipe; the message lists them.
    """
    return RECIPES[choose("recipe", name, tuple(RECIPES))](seed, quick)


def aimed(
    experiment: Experiment,
    source: str | None = None,
    target: str | None = None,
    test: str | None = None,
) -> Experiment:
    """The experiment on data of one's own.

    Args:
        experiment: a recipe's.
        source: address of the labelled training data, instead of the recipe's.
        target: address of the target, without a split: its train split is the oracle's, its test
            split the test.
        test: address of the test data, instead of the target's test split.

    Raises:
        ValueError: an address that cannot be read as one, or a target that names a split.
    """
    title, labels = experiment.title, dict(experiment.labels)
    if source is not None:
        address = _absolute(source)
        title = f"{address} as the source"
        test_sets = {name: where for name, where in experiment.test.items() if name == "target"}
        experiment = replace(experiment, source=str(address), test=test_sets, gap=None)
    if target is not None:
        address = _boxed(_absolute(target), experiment.target_boxes)
        if "split" in address.options:
            raise ValueError(
                f"--target {target}: leave split= out; its train split is the oracle's and its "
                "test split is tested on (--test names other test data)"
            )
        train, held = (
            str(replace(address, options=address.options | {"split": split}))
            for split in ("train", "test")
        )
        title, labels = f"{title}, tested on {address.kind} data", _label(address, "test split")
        experiment = replace(
            experiment, target=train, oracles={"target": train}, test={"target": held}, gap=None
        )
    if test is not None:
        address = _boxed(_absolute(test), experiment.target_boxes)
        labels = _label(address, address.options.get("split", "test") + " split")
        experiment = replace(experiment, test={"target": str(address)}, gap=None)
    if not experiment.test:
        raise ValueError(
            f"recipe {experiment.recipe} does not say what it is tested on; give --target, "
            "for instance --target lspet:/data/lspet"
        )
    looks = any(parse(where).options.get("boxes") == "labels" for where in experiment.test.values())
    notes = dict.fromkeys((*experiment.notes, BOXES_FROM_LABELS) if looks else experiment.notes)
    return replace(experiment, title=title, labels=labels, notes=tuple(notes))


def _absolute(text: str) -> Address:
    """The address with its path made absolute, so that it means the same from any folder."""
    address = parse(text)
    if address.kind == "world":
        return address
    return replace(address, path=str(Path(address.path).expanduser().resolve()))


def _label(address: Address, part: str) -> dict[str, str]:
    """What a person calls the target: the last part of its path, or a world's whole address."""
    name = str(address) if address.kind == "world" else f"{address.kind} {Path(address.path).name}"
    return {"target": f"{name}, {part}"}


def _boxed(address: Address, boxes: dict[str, str]) -> Address:
    """The address with the recipe's boxes, where it names none and its format has none."""
    if address.kind in boxes and "boxes" not in address.options:
        return replace(address, options=address.options | {"boxes": boxes[address.kind]})
    return address

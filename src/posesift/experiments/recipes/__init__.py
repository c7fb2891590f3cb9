"""Recipes: functions that return a whole `Experiment`. One file a family.

A recipe takes a seed and whether to be quick, and nothing else; what a person wants different is
a field replaced in the experiment it returns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from posesift.data.address import Address, parse
from posesift.data.readers import options
from posesift.experiments.recipes import photos, worlds
from posesift.experiments.spec import Experiment, choose

RECIPES: dict[str, Callable[[int, bool], Experiment]] = {
    "world-body": worlds.body,
    "world-hand": worlds.hand,
    "photos": photos.photos,
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
        target: address of the target; adaptation sees its train split alone.
        test: address of the test data; by default the target's test split.

    Raises:
        ValueError: an address that cannot be read as one.
    """
    if source is not None:
        experiment = dataclasses.replace(experiment, source=str(parse(source)))
    if target is not None:
        address, boxed = _boxed(target, experiment.target_boxes)
        train = dataclasses.replace(address, options={"split": "train"} | address.options)
        held = dataclasses.replace(address, options=address.options | {"split": "test"})
        experiment = dataclasses.replace(
            experiment,
            target=str(train),
            oracles={"target": str(train)},
            test={"target": str(held)},
            labels={"target": f"{address.kind}, test split"},
            gap=None,
            notes=experiment.notes + boxed,
        )
    if test is not None:
        address, boxed = _boxed(test, experiment.target_boxes)
        experiment = dataclasses.replace(
            experiment,
            test={"target": str(address)},
            labels={"target": str(address)},
            gap=None,
            notes=tuple(dict.fromkeys(experiment.notes + boxed)),
        )
    if not experiment.test:
        raise ValueError(
            f"recipe {experiment.recipe} does not say what it is tested on; give --target, "
            "for instance --target lspet:/data/lspet"
        )
    return experiment


def _boxed(text: str, boxes: str | None) -> tuple[Address, tuple[str, ...]]:
    """The address with the recipe's boxes where it names none, and what to say about it."""
    address = parse(text)
    if boxes is not None and "boxes" in options(address.kind) and "boxes" not in address.options:
        address = dataclasses.replace(address, options=address.options | {"boxes": boxes})
    if address.options.get("boxes") != "labels":
        return address, ()
    return address, (
        "Person boxes of the target come from its labels (jittered by 15 %): a detector's boxes "
        "would be worse.",
    )

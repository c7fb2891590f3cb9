"""Recipes: functions that return a whole `Experiment`. One file a family.

A recipe takes a seed and whether to be quick, and nothing else; what a person wants different is
a field replaced in the experiment it returns.
"""

from __future__ import annotations

from collections.abc import Callable

from posesift.experiments.recipes import photos, worlds
from posesift.experiments.recipes.aim import aimed
from posesift.experiments.recipes.tasks import TASKS
from posesift.experiments.settings import choose
from posesift.experiments.spec import Experiment

__all__ = ["RECIPES", "aimed", "recipe"]

RECIPES: dict[str, Callable[[int, bool], Experiment]] = {
    "world-body": worlds.body,
    "world-hand": worlds.hand,
    "demo": worlds.demo,
    "photos": photos.photos,
    "photos-tail": photos.photos_tail,
    "hands": photos.hands,
    **TASKS,
}


def recipe(name: str, seed: int = 0, quick: bool = False) -> Experiment:
    """Give the experiment that recipe ``name`` describes, for one seed.

    >>> recipe("world-body", seed=3).data.test["target"]
    'world:body,poses=target,look=photo,n=1000,seed=3,split=test'

    Raises:
        ValueError: no such recipe; the message lists them.
    """
    if ":" in name:
        raise ValueError(
            f"expected a recipe, found the data address {name!r}; give data behind a recipe, such "
            f"as photos --source {name}, or name the recipe: {', '.join(RECIPES)}"
        )
    return RECIPES[choose("recipe", name, tuple(RECIPES))](seed, quick)

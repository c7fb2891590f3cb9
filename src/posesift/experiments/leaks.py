"""Where labels of the target went into a run that must do without, its beginnings included.

No torch here.
"""

from __future__ import annotations

from pathlib import Path

from posesift.experiments.choice import describe, is_leak
from posesift.experiments.methods import METHODS
from posesift.experiments.spec import Experiment

VISIBILITY = (
    "Leak: under --parity RegDA weights its loss on the target by which keypoints are labelled as "
    "visible there and lie in the view, as the published code does; without labels of the target "
    "it cannot be done."
)


def leaks(experiment: Experiment) -> list[str]:
    """Say what a report must say about a run: its own leaks, and those of the run it starts from.

    An oracle is no leak, for it is called one; a run that starts from an oracle is.

    >>> leaks(Experiment.of(source="world:body", method="regda", parity=True)) == [VISIBILITY]
    True
    """
    choice = experiment.training.choose_by
    found = [describe(choice)] if is_leak(choice) else []
    if _sees_labels(experiment):
        found.append(VISIBILITY)
    return [*found, *_inherited(experiment)]


def _sees_labels(experiment: Experiment) -> bool:
    """Say whether the published form of the method adapts by labels of the target."""
    sees = METHODS[experiment.method.name].published_sees_labels
    return experiment.method.parity and sees and experiment.training.steps > 0


def _inherited(experiment: Experiment) -> list[str]:
    """One line for each run before this one, as far back as their folders are there."""
    found, seen = [], set()
    while experiment.training.start_from is not None:
        run = Path(experiment.training.start_from)
        path = run / "experiment.yaml"
        if run in seen or not path.is_file():
            break
        seen.add(run)
        experiment = Experiment.load(path)
        why = []
        if METHODS[experiment.method.name].trains_on_target:
            why.append("was trained on the target's labels (oracle)")
        if is_leak(experiment.training.choose_by):
            why.append(f"was chosen by --choose-by {experiment.training.choose_by}")
        if _sees_labels(experiment):
            why.append("used the visibility of the target's keypoints (RegDA under --parity)")
        if why:
            found.append(f"Leak: it starts from {run}, whose network {' and '.join(why)}.")
    return found

"""A recipe on data of one's own: the addresses that a person gives, in the recipe's places."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from posesift.data.address import Address, parse
from posesift.data.readers import options
from posesift.experiments.spec import Experiment

BOXES_FROM_LABELS = (
    "Person boxes of the target come from its labels (jittered by 15 %): a detector's boxes would "
    "be worse."
)


def aimed(
    experiment: Experiment,
    source: str | None = None,
    target: str | None = None,
    test: str | None = None,
    parity: bool = False,
) -> Experiment:
    """Give the experiment on data of one's own.

    Args:
        experiment: a recipe's.
        source: address of the labelled training data, instead of the recipe's.
        target: address of the target, without a split: its train split is the oracle's, its test
            split the test.
        test: address of the test data, instead of the target's test split.
        parity: read the joints and splits of the published code, where a format has them.

    Raises:
        ValueError: an address that cannot be read as one, a target that names a split, or data
            that the recipe leaves open and nobody gives.
    """
    title, labels = experiment.title, dict(experiment.data.labels)
    if source is not None:
        address = _read_as(source, experiment, parity)
        title = title if experiment.data.kinds else f"{_name(address)} as the source"
        test_sets = {
            name: where for name, where in experiment.data.test.items() if name == "target"
        }
        oracles = {
            name: o for name, o in experiment.data.oracles.items() if name in experiment.data.test
        }
        experiment = experiment.changed(
            source=str(address), oracles=oracles, test=test_sets, gap=None
        )
    if target is not None:
        address = _read_as(target, experiment, parity)
        if "split" in address.options:
            raise ValueError(
                f"--target {target}: leave split= out; its train split is the oracle's and its "
                "test split is tested on (--test names other test data)"
            )
        train, held = (
            str(replace(address, options=address.options | {"split": split}))
            for split in ("train", "test")
        )
        labels = _label(address, "test split")
        others = {  # those of the source's own kind
            name: where
            for name, where in experiment.data.oracles.items()
            if name not in experiment.data.test
        }
        experiment = experiment.changed(
            target=train,
            oracles={**others, "target": train},
            test={"target": held},
            gap=None,
        )
    if test is not None:
        address = _read_as(test, experiment, parity)
        labels = _label(address, address.options.get("split", "test") + " split")
        experiment = experiment.changed(test={"target": str(address)}, gap=None)
    tested = test if test is not None else target
    if tested is not None and not experiment.data.kinds:
        title = f"{title}, tested on {_name(parse(tested))}"
    _check_given(experiment)
    _check_direction(experiment)
    looks = any(_boxes(parse(where)) == "labels" for where in experiment.data.test.values())
    notes = dict.fromkeys((*experiment.notes, BOXES_FROM_LABELS) if looks else experiment.notes)
    return experiment.changed(title=title, labels=labels, notes=tuple(notes))


def _check_direction(experiment: Experiment) -> None:
    """Refuse a task whose source is given as its target."""
    if not experiment.data.kinds or experiment.data.target is None:
        return
    named = parse(experiment.data.source).kind, parse(experiment.data.target).kind
    if named != experiment.data.kinds and named == experiment.data.kinds[::-1]:
        raise ValueError(
            f"recipe {experiment.recipe} trains on {experiment.data.kinds[0]} data and adapts to "
            f"{experiment.data.kinds[1]} data; --source and --target look exchanged"
        )


def _check_given(experiment: Experiment) -> None:
    """Refuse what the recipe leaves open."""
    missing = [] if experiment.data.source else ["--source"]
    missing += [] if experiment.data.test else ["--target"]
    if not missing:
        return
    source, target = experiment.data.kinds or ("coco", "lspet")
    kinds = {"--source": source, "--target": target}
    shown = " ".join(f"{flag} {kinds[flag]}:/data/{kinds[flag]}" for flag in missing)
    told = ", ".join(f"`posesift check {kinds[flag]}`" for flag in missing if experiment.data.kinds)
    raise ValueError(
        f"recipe {experiment.recipe} does not say what it is "
        f"{'trained' if '--source' in missing else 'tested'} on; give {' and '.join(missing)}, "
        f"for instance {shown}" + (f"; {told} tells where the data are found" if told else "")
    )


def _read_as(text: str, experiment: Experiment, parity: bool) -> Address:
    """Read an address as the recipe reads its format, its path absolute."""
    address = parse(text)
    if address.kind == "world":
        return address
    chosen = dict(experiment.data.reading.get(address.kind, {}))
    if parity and "parity" in options(address.kind):
        chosen["parity"] = "true"
    path = str(Path(address.path).expanduser().resolve())
    return Address(address.kind, path, chosen | address.options)


def _boxes(address: Address) -> str | None:
    """Where the boxes of an address come from: its word, else the format's own choice."""
    known = options(address.kind).get("boxes")
    return address.options.get("boxes", known.default if known is not None else None)


def _label(address: Address, part: str) -> dict[str, str]:
    """Say what a person calls the target, and which part of it is meant."""
    return {"target": f"{_name(address)}, {part}"}


def _name(address: Address) -> str:
    """Say what a person calls a data set.

    Its format and the last part of its path, once where both are the same word; of a world the
    whole address.

    >>> _name(Address("coco", "/data/rendered/train.json", {"images": "img"}))
    'coco train.json'
    >>> _name(Address("lspet", "/data/lspet")), _name(Address("world", "body", {"n": "9"}))
    ('lspet', 'world:body,n=9')
    """
    if address.kind == "world":
        return str(address)
    return " ".join(dict.fromkeys((address.kind, Path(address.path).name)))

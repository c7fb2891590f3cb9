"""What a claim rests on, as terms: interval, p, seeds, control; and what all of a page share."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from posesift.experiments import choice
from posesift.report import facts
from posesift.report.statement import Control, Statement, amount
from posesift.report.wording import count, listed, number, p_value, percent, signed, written
from posesift.results import by_seed, endpoints, methods, renderings
from posesift.results.by_seed import Compared, Interval

Terms = list[tuple[str, str]]


def statement(comparison: Compared, row: dict[str, Any], where: str = "") -> Statement | None:
    """Give a paired difference as a statement, with the control of a sampling strategy.

    Args:
        comparison: of ``comparison.json``.
        row: as `endpoints.stated` gives it.
        where: the measure, where it is not called as the endpoint is.

    Returns:
        None where no seed has both.
    """
    shown = by_seed.endpoint(row)
    if shown is None:
        return None
    control: Interval | Control = "none needed"
    if endpoints.lacks_control(comparison, row["arm"]):
        control = "not run"
    elif beside := endpoints.beside_control(comparison, row):
        control = by_seed.endpoint(beside) or "not run"
    one, other = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
    seeds = len(row.get("values") or [])
    return Statement(
        one,
        other,
        where or row["endpoint"],
        shown,
        seeds,
        control,
        row.get("p_holm"),
        credit=endpoints.credit(comparison, row["arm"]),
    )


def of_row(comparison: Compared, row: dict[str, Any], shown: Interval) -> Terms:
    """Of a paired difference: interval, p, seeds, and the control of a sampling strategy."""
    found = of_values(shown, endpoints.paired(comparison, row) or row["values"])
    if row is comparison["primary"]:
        if row.get("p") is not None:
            found.insert(1, ("p", f"{p_value(row['p'])}, uncorrected: pre-specified"))
        else:
            found.insert(1, ("pre-specified", "yes"))
    elif row.get("p_holm") is not None:
        tested = sum(r.get("p") is not None for r in comparison.get("secondary") or [])
        told = f"{p_value(row.get('p'))}; {p_value(row['p_holm'])} with Holm's correction"
        found.insert(1, ("p", f"{told} for {tested} endpoints"))
    return found + _control(comparison, row)


def of_share(comparison: Compared, called: str, share: Interval) -> Terms:
    """Of a share of the gap to the oracle."""
    row = next(r for r in comparison["gap_closed"] if r["arm"] == called)
    known = [value for value in row.get("values") or [] if value is not None]
    oracle = methods.target_oracle(comparison)
    name = by_seed.label(comparison, oracle["name"]) if oracle else "an oracle"
    ends = f"{_base(comparison)} and {name}, on the target"
    told = listed([percent(value) for value in known])
    return [*_over_seeds(share, told, ".0f", " %"), ("0 % and 100 %", ends)]


def of_values(shown: Interval, values: Mapping[int, float] | Sequence[float]) -> Terms:
    """Interval and each seed's own value, in points; named where the seeds are known."""
    named = isinstance(values, Mapping)
    told = listed([signed(value) for value in (values.values() if named else values)])
    if named:
        told += f" (seed{'s' * (len(values) > 1)} {listed([str(seed) for seed in values])})"
    return _over_seeds(shown, told, "+.1f", " points")


def _over_seeds(shown: Interval, told: str, form: str, unit: str) -> Terms:
    """Say an interval, whether it includes 0, and each seed's value; nothing of a single seed."""
    if shown.low is None:
        return []
    zero = "significant" if shown.clear else "not significant"
    ends = f"{written(shown.low, form)} to {written(shown.high, form)}{unit}, {zero}"
    return [("95 % CI", ends), ("by seed", told)]


def of_score(summary: dict[str, Any]) -> Terms:
    """Of how well a score finds rare modes: what else finds them, and the command."""
    auc, method = summary["rare_mode_auc"], summary["method"]
    rivals = [f"{name} {number(auc[name], 2)}" for name in auc if name != method and auc[name]]
    address = summary["address"]
    command = ["posesift", "score", address, "--method", method, "--bins", str(summary["bins"])]
    found = [
        ("95 % CI", "none: one fit"),
        ("by chance", "0.50"),
        ("other scores", listed(rivals)),
        ("poses", f"{count(summary['samples'])} of {address}"),
        ("reproduce with", shlex.join(command)),
    ]
    return [(name, told) for name, told in found if told]


def terms(comparison: Compared) -> Terms:
    """Say what all numbers of a comparison have alike: budget, seeds, protocol, labels."""
    seeds = facts.seeds(comparison["seeds"])
    found = [
        ("draw budget of each configuration", draws(comparison["budget"])),
        ("seeds", seeds + "; each redraws everything" * (len(comparison["seeds"]) > 1)),
        ("protocol", f"PCK {facts.protocol(comparison)}"),
        ("labels that chose the checkpoint", of_comparison(comparison)[0]),
        ("what chose the renderings", "; ".join(renderings.looked_at(comparison))),
    ]
    return [(name, told) for name, told in found if told]


def draws(budget: dict[str, Any]) -> str:
    """Return steps in words, and how many samples that is."""
    steps = sum(budget.get(key) or 0 for key in ("warmup_steps", "steps"))
    drawn = steps * (budget.get("batch_size") or 0)
    words = facts.budget(budget)
    return f"{words}: {count(drawn)} draws" if drawn else words


def _control(comparison: Compared, row: dict[str, Any]) -> Terms:
    """Give a sampling strategy minus what draws as unevenly but blindly, and that minus uniform."""
    credit = endpoints.credit(comparison, row["arm"])
    if (beside := endpoints.beside_control(comparison, row)) is None:
        told = f"not run: a gain cannot be attributed to {credit.to}"
        return [("its control", told)] if endpoints.lacks_control(comparison, row["arm"]) else []
    control, against = (
        by_seed.label(comparison, name) for name in (beside["against"], row["against"])
    )
    shown = by_seed.endpoint(beside)
    told = f"{_told(beside)} over {control}, {credit.blindly}"
    if shown and shown.clear is False:
        told += f": a gain cannot be attributed to {credit.to}"
    found = [("against its control", told)]
    alone = endpoints.stated(comparison, beside["against"], row["against"], row["endpoint"])
    return found + ([("the control alone", f"{_told(alone)} over {against}")] if alone else [])


def _told(row: dict[str, Any]) -> str:
    shown = by_seed.endpoint(row)
    assert shown is not None  # as `endpoints.stated` gives it
    return amount(shown)


def _base(comparison: Compared) -> str:
    return by_seed.label(comparison, by_seed.reference(comparison))


LEAKING = "best-on-target-test"
LAST = "last step; none of the target's labels"
_CHOICES = {
    "last": LAST,
    "agreement": "agreement on unlabelled target images; none of the target's labels",
    LEAKING: "a leak: best on the labels of the target's test set (best-on-target-test)",
}
LEAK = choice.describe(LEAKING)


def of_run(settings: dict[str, Any]) -> str:
    """Which labels chose the checkpoint of one run.

    >>> of_run({"method": "udape"})
    "last step; none of the target's labels"
    >>> of_run({"method": "oracle", "choose_by": "last"})
    "last step; trained on the target's labels (oracle)"
    """
    chosen = str(settings.get("choose_by") or "last")
    if settings.get("method") == "oracle" and chosen == "last":
        return "last step; trained on the target's labels (oracle)"
    return _CHOICES.get(chosen, chosen)


def of_comparison(comparison: dict[str, Any]) -> tuple[str, list[str]]:
    """Which labels chose the checkpoints of a comparison, and the warning if that is a leak.

    >>> of_comparison({})
    ("last step; none of the target's labels", [])
    >>> of_comparison({"checkpoint": "Leak: by the test set."})[1]
    ['Leak: by the test set.']
    """
    said = str(comparison.get("checkpoint") or LAST)
    if said.startswith("Leak"):
        return _CHOICES[LEAKING], [said]
    return said, [f"{LEAK} ({said})"] if LEAKING in said else []

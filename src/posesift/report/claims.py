"""The part of a page that sets every headline number beside its evidence."""

from __future__ import annotations

from typing import Any

from posesift.difficulty.checks import FINDS, FINDS_PARTLY
from posesift.experiments.methods import label_of
from posesift.report import evidence, statement, trivial
from posesift.report.blocks import SIGNED, Cell, Claim, Claims, Section
from posesift.report.statement import Statement, amount
from posesift.report.wording import number, ordinal_part, plural, signed
from posesift.results import by_seed, endpoints, methods, ranking
from posesift.results.by_seed import Compared, Interval


def of_comparison(comparison: Compared, summary: dict[str, Any] | None = None) -> Section:
    """Each number that the page leads with as a claim."""
    found = headlines(comparison, summary)
    used = {claim.verdict for claim in found}
    rules = [(word, rule) for word, rule in statement.RULES.items() if word in used]
    lead = (
        "Each number that this page leads with, and what it rests on. A verdict is given by the "
        "rules below the claims, never by hand."
    )
    return Section("claims", "Claims and their evidence", lead, [Claims(found, rules)])


def headlines(comparison: Compared, summary: dict[str, Any] | None) -> list[Claim]:
    """List what the page leads with: adaptation, sampling, failure, headroom, score, the best."""
    found = [*_adaptation(comparison), _primary(comparison), _fall(comparison)]
    found += [_later_bins(comparison), _headroom(comparison)]
    found += [_rare(summary) if summary else None, of_lead(comparison)]
    return [claim for claim in found if claim]


def of_lead(comparison: Compared) -> Claim | None:
    """Return the arm with the highest mean against the next."""
    found = ranking.lead(comparison)
    if found is None:
        return None
    best, second = (by_seed.label(comparison, name) for name in (found.best, found.second))
    row = endpoints.stated(comparison, found.best, found.second, WHOLE)
    where = "PCK@0.05 on the target"
    said = evidence.statement(comparison, row, where) if row else None
    said = said or Statement(best, second, where, found.ahead, found.seeds)
    terms = evidence.of_row(comparison, row, found.ahead) if row else []
    picked = (
        f"the highest of {plural(found.arms, 'configuration')}: the interval does not account "
        "for the choice"
    )
    terms.append(("picked after looking", picked))
    if found.blind:
        credit = endpoints.credit(comparison, found.best)
        told = f"{best} is a control: it does not know {credit.unknowing}"
        terms.append(("what it is", told))
    return _claim(said, terms)


def lead_anchor(comparison: Compared, summary: dict[str, Any] | None) -> str:
    """Where the claim of `of_lead` stands on the page: it is the last."""
    return f"claim-{len(headlines(comparison, summary))}"


WHOLE = "PCK@0.05, target"  # the endpoint of that name


def _claim(
    said: Statement, terms: evidence.Terms, form: str = SIGNED, strong: bool = False
) -> Claim:
    """Give a statement with its number, its verdict and what it rests on."""
    value = Cell(said.interval.mean, form)
    return Claim(statement.sentence(said), value, said.unit, statement.verdict(said), terms, strong)


def _primary(comparison: Compared) -> Claim:
    """Return the endpoint that was named in advance."""
    row = comparison["primary"]
    said, shown = evidence.statement(comparison, row), by_seed.endpoint(row)
    if said is None or shown is None:
        arm, against = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
        return Claim(
            f"{arm} minus {against}: not known.", Cell(), "points", statement.INCONCLUSIVE,
            [("seeds", "no seed has both")], strong=True,
        )  # fmt: skip
    terms = evidence.of_row(comparison, row, shown)
    if methods.samples_differently(comparison):
        terms += _where_poses_are_new(comparison)
    else:
        terms += trivial.over(comparison, row["arm"])
    return _claim(said, terms, strong=True)


def _where_poses_are_new(comparison: Compared) -> evidence.Terms:
    """Of the same two arms where poses are new but the look is not: levels, part of headroom."""
    if not (square := comparison.get("gap")):
        return []
    one, other = (
        by_seed.values(comparison, comparison["primary"][key], square["sets"][1][0], *ranking.PCK)
        for key in ("arm", "against")
    )
    if (gain := by_seed.difference(one, other)) is None:
        return []
    levels = [by_seed.spread(values.values()) for values in (one, other)]
    told = [number(level.mean) for level in levels if level]
    text = f"PCK@0.05 {amount(gain)}: {told[0]} against {told[1]} %"
    headroom = (comparison.get("headroom") or {}).get("mean")
    if headroom is None:
        text += "; no oracle was trained there, so the pose headroom is not known"
    elif headroom <= 0:
        text += f"; the headroom is {signed(headroom)}, so no sampler had anything to gain"
    else:
        text += f", {number(100 * gain.mean / headroom, 0)} % of the headroom of {number(headroom)}"
    return [("where only the poses are new", text)]


def _adaptation(comparison: Compared) -> list[Claim]:
    """Say what adaptation gains, and how much of the gap each method closes."""
    if not methods.several(comparison):
        return []
    found = []
    reference, leading = by_seed.reference(comparison), methods.leading(comparison)
    called = methods.uniform(comparison, leading) if leading else None
    told = (comparison["primary"]["arm"], comparison["primary"]["against"])  # stands there already
    if called and called != reference and (called, reference) != told:
        row = endpoints.stated(comparison, called, reference, WHOLE)
        said = evidence.statement(comparison, row, "PCK@0.05 on the target") if row else None
        if row and said:
            terms = evidence.of_row(comparison, row, said.interval)
            found.append(_claim(said, terms + trivial.over(comparison, called)))
    for method in methods.adapted(comparison):
        name = methods.uniform(comparison, method)
        share, seeds = methods.gap_closed(comparison, name) if name else (None, 0)
        if name and share:
            found.append(_closed(comparison, name, share, seeds))
    return found


def _closed(comparison: Compared, called: str, share: Interval, seeds: int) -> Claim:
    """Return the share of the gap to the oracle that an arm closes."""
    base = by_seed.label(comparison, by_seed.reference(comparison))
    method = label_of(methods.of(methods.arm(comparison, called)))
    where = "PCK@0.05, as a share of the gap to the oracle"
    said = Statement(method, base, where, share, seeds, unit="%")
    return _claim(said, evidence.of_share(comparison, called, share), ".0f")


def _later_bins(comparison: Compared) -> Claim | None:
    """Whether the hardest poses gain more than the easiest: hard mining's own claim."""
    arm = by_seed.challenger(comparison)
    against = methods.against(comparison, arm)
    if against is None or not methods.several(comparison):
        return None
    pairs = zip(*(by_seed.bins_by_seed(comparison, name) for name in (arm, against)), strict=False)
    gains = [by_seed.apart(*pair) for pair in pairs]
    if len(gains) < 2:
        return None
    one, other = (by_seed.label(comparison, name) for name in (arm, against))
    levels = [by_seed.interval(gain.values()) for gain in (gains[0], gains[-1])]
    named = zip(("gain on the easiest", "gain on the hardest"), levels, strict=True)
    return _of_values(
        f"{one} on the hardest {ordinal_part(len(gains))} of the target",
        "itself on the easiest",
        f"its gain in PCK@0.05 over {other}",
        by_seed.apart(gains[-1], gains[0]),
        [(name, amount(level)) for name, level in named if level],
    )


def _fall(comparison: Compared) -> Claim | None:
    """How much worse the reference is on hard target poses than on easy ones."""
    reference = by_seed.reference(comparison)
    levels = by_seed.bins_by_seed(comparison, reference)
    if len(levels) < 2:
        return None
    label = by_seed.label(comparison, reference)
    return _of_values(
        f"{label} on the hardest {ordinal_part(len(levels))} of the target",
        f"{label} on the easiest",
        "PCK@0.05",
        by_seed.apart(levels[-1], levels[0]),
        [("difficulty", "of a score that chose no training sample")],
    )


def _of_values(
    subject: str, against: str, where: str, values: dict[int, float], terms: evidence.Terms
) -> Claim | None:
    """Claim a difference of which each seed's value is known; None where no seed has one."""
    if (shown := by_seed.interval(values.values())) is None:
        return None
    said = Statement(subject, against, where, shown, len(values))
    return _claim(said, evidence.of_values(shown, values) + terms)


def _headroom(comparison: Compared) -> Claim | None:
    """Say what any choice of poses could gain at most."""
    row = comparison.get("headroom") or {}
    shown, values = by_seed.endpoint(row), row.get("values") or []
    if shown is None:
        return None
    said = Statement(
        "training on the target's poses in the source's appearance",
        "uniform sampling of the source",
        "PCK@0.05 there",
        shown,
        len(values),
    )
    limit = ("what it is", "the pose headroom: what any choice of source poses could gain at most")
    return _claim(said, [*evidence.of_values(shown, values), limit])


def _rare(summary: dict[str, Any]) -> Claim | None:
    """How well the score finds rare modes."""
    auc, method = summary.get("rare_mode_auc") or {}, summary.get("method", "")
    if auc.get(method) is None:
        return None
    told, value = _found(method, auc[method]), Cell(auc[method], ".2f")
    return Claim(told, value, "AUC", statement.SINGLE, evidence.of_score(summary))


def _found(method: str, auc: float) -> str:
    """Say what an AUC lets be said of a score.

    >>> _found("elbo", 0.97)
    'The score elbo finds poses of rare modes.'
    >>> _found("pca", 0.52)
    'The score pca does not find poses of rare modes.'
    """
    verb = "finds" if auc >= FINDS_PARTLY else "does not find"
    part = " in part" if FINDS_PARTLY <= auc < FINDS else ""
    return f"The score {method} {verb} poses of rare modes{part}."

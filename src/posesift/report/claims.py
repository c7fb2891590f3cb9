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
    gains = [{s: a[s] - b[s] for s in a.keys() & b.keys()} for a, b in pairs]
    if len(gains) < 2 or (more := by_seed.difference(gains[-1], gains[0])) is None:
        return None
    one, other = (by_seed.label(comparison, name) for name in (arm, against))
    apart = {s: gains[-1][s] - gains[0][s] for s in gains[-1].keys() & gains[0].keys()}
    said = Statement(
        f"{one} on the hardest {ordinal_part(len(gains))} of the target",
        "itself on the easiest",
        f"its gain in PCK@0.05 over {other}",
        more,
        len(apart),
    )
    terms = evidence.of_values(more, apart)
    for where, gain in (("easiest", gains[0]), ("hardest", gains[-1])):
        if level := by_seed.interval(gain.values()):
            terms.append((f"gain on the {where}", amount(level)))
    return _claim(said, terms)


def _fall(comparison: Compared) -> Claim | None:
    """How much worse the reference is on hard target poses than on easy ones."""
    reference = by_seed.reference(comparison)
    levels = by_seed.bins_by_seed(comparison, reference)
    if len(levels) < 2 or not levels[0] or not levels[-1]:
        return None
    fall = by_seed.difference(levels[-1], levels[0])
    if fall is None:
        return None
    shared = [s for s in comparison["seeds"] if s in levels[-1] and s in levels[0]]
    seeds, label = len(shared), by_seed.label(comparison, reference)
    part = ordinal_part(len(levels))
    said = Statement(
        f"{label} on the hardest {part} of the target",
        f"{label} on the easiest",
        "PCK@0.05",
        fall,
        seeds,
    )
    terms = evidence.of_values(fall, {s: levels[-1][s] - levels[0][s] for s in shared})
    terms.append(("difficulty", "of a score that chose no training sample"))
    return _claim(said, terms)


def _headroom(comparison: Compared) -> Claim | None:
    """Say what any choice of poses could gain at most."""
    row = comparison.get("headroom") or {}
    shown = by_seed.endpoint(row)
    if shown is None:
        return None
    values = row.get("values") or []
    said = Statement(
        "training on the target's poses in the source's appearance",
        "uniform sampling of the source",
        "PCK@0.05 there",
        shown,
        len(values),
    )
    terms = evidence.of_values(shown, values)
    terms.append(("what it is", "what any choice of source poses could gain at most"))
    return _claim(said, terms)


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

"""The part of a page that sets every headline number beside its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from posesift.difficulty.checks import FINDS, FINDS_PARTLY
from posesift.report import evidence, facts, verdicts
from posesift.report.blocks import Claim, Claims, Figure, Section
from posesift.report.verdicts import sure
from posesift.report.wording import capitalised, number, ordinal_part, plural, signed
from posesift.results import by_seed, endpoints, evalpose_form, methods, ranking
from posesift.results.by_seed import Compared, Interval
from posesift.results.run import Run

TITLE = "Claims and their evidence"
SHARED = "What all of these share"


def of_comparison(comparison: Compared, summary: dict[str, Any] | None = None) -> Section | None:
    """Each number at the top of the page as a claim, and the lead of the best arm."""
    found = [shown.claim for shown in headlines(comparison, summary)]
    found += [claim] if (claim := of_lead(comparison)) else []
    used = {claim.verdict for claim in found}
    block = Claims(
        SHARED,
        found,
        evidence.shared(comparison),
        [(word, rule) for word, rule in verdicts.RULES.items() if word in used],
        compact=len(comparison["seeds"]) == 1,
    )
    lead = (
        "Each large number of this page with what it rests on. A verdict is given by the rules "
        "below the claims, never by hand."
    )
    return Section("claims", TITLE, lead, [block])


def of_lead(comparison: Compared) -> Claim | None:
    """The arm with the highest mean against the next."""
    found = ranking.lead(comparison)
    if found is None:
        return None
    best, second = (by_seed.label(comparison, name) for name in (found.best, found.second))
    row = endpoints.stated(comparison, found.best, found.second, WHOLE)
    verdict = verdicts.of(found.ahead, found.seeds, (row or {}).get("p_holm"))
    terms = evidence.of_row(comparison, row, found.ahead) if row else []
    picked = f"the highest of {plural(found.arms, 'arm')}: the interval does not know of the choice"
    terms.append(("picked after looking", picked))
    if found.blind:
        terms.append(("what it is", f"{best} is a control: it does not know which poses are hard"))
    return Claim(
        verdicts.sentence(best, second, "in PCK@0.05 on the whole target", found.ahead, verdict),
        signed(found.ahead.mean),
        "points",
        verdict,
        terms,
    )


def lead_anchor(comparison: Compared, summary: dict[str, Any] | None) -> str:
    """Where the claim of `of_lead` stands on the page."""
    return f"claim-{len(headlines(comparison, summary)) + 1}"


def of_run(folder: Run) -> Section | None:
    """The numbers at the top of a run's page: each is of one seed."""
    name, entry = folder.headline
    shown = folder.set_label(name)
    if not entry:
        return None
    found = []
    form = evalpose_form.of_run(folder.evaluation)
    for keys, unit, what, ends in (
        (("pck", "0.05"), "%", "PCK@0.05", entry.get("interval")),
        ((form.key,), "of 100", form.name, None),
        (("angle_error_deg",), "degrees", "the mean angle error", None),
    ):
        value = by_seed.lookup(entry, *keys)
        if value is None:
            continue
        over = "none over seeds: one run"
        if ends:
            over = f"{number(ends[0])} to {number(ends[1])} {unit} over images; {over}"
        free = facts.beside(folder, *keys)
        sentence = capitalised(f"{what} is {number(value)} {unit} on {shown}{free}, in one seed.")
        terms = [("95 % interval", over), ("samples", str(entry.get("samples", "")))]
        found.append(Claim(sentence, number(value), unit, verdicts.LEAD, terms))
    if not found:
        return None
    settings = folder.settings
    command = str(folder.manifest.get("command") or settings.get("command") or "")
    rules = [(verdicts.LEAD, verdicts.RULES[verdicts.LEAD])]
    terms = evidence.of_settings(
        settings, entry, command, str(folder.environment.get("began_from") or "")
    )
    lead = "One run: for how sure a difference between runs is, compare over seeds."
    return Section("claims", TITLE, lead, [Claims(SHARED, found, terms, rules, compact=True)])


WHOLE = "PCK@0.05, target"  # the endpoint of that name
ADAPTATION, GAP, SAMPLING = "adaptation", "gap", "endpoint named in advance"


@dataclass(frozen=True)
class Headline:
    """A large number, and the claim that it makes.

    ``about``: what it is about, for the parts of the summary that point to it.
    """

    about: str
    figure: Figure
    claim: Claim


def figures(comparison: Compared, summary: dict[str, Any] | None) -> list[Figure]:
    """The numbers at the top of the page, each pointing to its claim."""
    found = headlines(comparison, summary)
    return [replace(shown.figure, anchor=f"claim-{i + 1}") for i, shown in enumerate(found)]


def anchors(comparison: Compared, summary: dict[str, Any] | None) -> dict[str, str]:
    """Where on the page the evidence of each headline stands, by what it is about."""
    found: dict[str, str] = {}
    for i, shown in enumerate(headlines(comparison, summary)):
        found.setdefault(shown.about, f"claim-{i + 1}")
    return found


def headlines(comparison: Compared, summary: dict[str, Any] | None) -> list[Headline]:
    """What the page leads with, in its order: adaptation, sampling, failure, headroom, score."""
    found = [*_adaptation(comparison), _primary(comparison), _fall(comparison)]
    found += [_headroom(comparison), _rare(summary) if summary else None]
    return [headline for headline in found if headline]


def _primary(comparison: Compared) -> Headline:
    """The endpoint that was named in advance."""
    row = comparison["primary"]
    shown = by_seed.endpoint(row)
    arm, against = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
    what = f"{arm} minus {against}, {row['endpoint']}"
    if shown is None:
        claim = Claim(
            f"{arm} minus {against}: not known.", signed(None), "points", verdicts.UNTOLD,
            [("seeds", "no seed has both arms")], strong=True,
        )  # fmt: skip
        return Headline(SAMPLING, Figure(signed(None), "points", what, strong=True), claim)
    seeds = len(row["values"])
    verdict = verdicts.of(shown, seeds)
    claim = Claim(
        verdicts.sentence(arm, against, f"in {row['endpoint']}", shown, verdict),
        signed(shown.mean),
        "points",
        verdict,
        evidence.of_row(comparison, row, shown),
        strong=True,
    )
    what += f" · {sure(shown, seeds)}"
    return Headline(SAMPLING, Figure(signed(shown.mean), "points", what, strong=True), claim)


def _adaptation(comparison: Compared) -> list[Headline]:
    """What adaptation gains, and how much of the gap each method closes."""
    if not methods.several(comparison):
        return []
    found = []
    reference, leading = by_seed.reference(comparison), methods.leading(comparison)
    called = methods.uniform(comparison, leading) if leading else None
    told = (comparison["primary"]["arm"], comparison["primary"]["against"])  # stands there already
    if called and called != reference and (called, reference) != told:
        row = endpoints.stated(comparison, called, reference, WHOLE)
        if row and (change := by_seed.endpoint(row)):
            seeds = len(row["values"])
            one, base = (by_seed.label(comparison, name) for name in (called, reference))
            what = f"{one} minus {base}, PCK@0.05 on the target · {sure(change, seeds)}"
            verdict = verdicts.of(change, seeds, row.get("p_holm"))
            claim = Claim(
                verdicts.sentence(one, base, "in PCK@0.05 on the whole target", change, verdict),
                signed(change.mean),
                "points",
                verdict,
                evidence.of_row(comparison, row, change),
            )
            found.append(Headline(ADAPTATION, Figure(claim.value, "points", what), claim))
    for method in methods.adapted(comparison):
        name = methods.uniform(comparison, method)
        share, seeds = methods.gap_closed(comparison, name) if name else (None, 0)
        if name and share:
            found.append(_closed(comparison, name, share, seeds))
    return found


def _closed(comparison: Compared, called: str, share: Interval, seeds: int) -> Headline:
    """The share of the gap to the oracle that an arm closes."""
    base = by_seed.label(comparison, by_seed.reference(comparison))
    method = methods.name(methods.of(methods.arm(comparison, called)))
    how = "one seed, no interval"
    if seeds > 1 and share.low is not None:
        how = f"95 % interval {number(share.low, 0)} to {number(share.high, 0)} %"
        how += "" if share.clear else ", includes zero"
    verdict = verdicts.of(share, seeds)
    between = f"the gap between {base} and the oracle"
    sentence = {
        verdicts.SHOWN: f"{method} closes a part of {between}.",
        verdicts.WORSE: f"{method} widens {between}.",
        verdicts.UNTOLD: f"Whether {method} closes any of {between} cannot be told.",
    }.get(verdict, f"{method} {'closes' if share.mean > 0 else 'widens'} {between}, in one seed.")
    value = number(share.mean, 0)
    what = f"of the gap from {base} to the oracle, closed by {methods.name(method)} · {how}"
    claim = Claim(sentence, value, "%", verdict, evidence.of_share(comparison, called, share))
    return Headline(GAP, Figure(value, "%", what), claim)


def _fall(comparison: Compared) -> Headline | None:
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
    what = f"PCK@0.05 from easy to hard target poses, {label} · {sure(fall, seeds)}"
    low, high = (None if end is None else -end for end in (fall.high, fall.low))
    verdict = verdicts.of(Interval(-fall.mean, low, high), seeds)
    part = ordinal_part(len(levels))
    pair = f"on the hardest {part} of the target than on the easiest"
    sentence = {
        verdicts.SHOWN: f"{label} does worse {pair}.",
        verdicts.WORSE: f"{label} does better {pair}.",
        verdicts.UNTOLD: f"Whether {label} does worse {pair} cannot be told.",
    }.get(verdict, f"{label} does {'worse' if fall.mean < 0 else 'better'} {pair}, in one seed.")
    claim = Claim(
        capitalised(sentence),
        signed(fall.mean),
        "points",
        verdict,
        [
            *evidence.of_values(fall, {s: levels[-1][s] - levels[0][s] for s in shared}),
            ("difficulty", "of a score that chose no training sample"),
        ],
    )
    return Headline("failure", Figure(claim.value, "points", what), claim)


def _headroom(comparison: Compared) -> Headline | None:
    """What any choice of poses could gain at most."""
    row = comparison.get("headroom") or {}
    shown = by_seed.endpoint(row)
    if shown is None:
        return None
    values = row.get("values") or []
    verdict = verdicts.of(shown, len(values))
    sentence = {
        verdicts.SHOWN: "There is something to gain by choosing poses.",
        verdicts.WORSE: "Training on the target's own poses is worse: nothing to gain by choosing.",
        verdicts.UNTOLD: "Whether choosing poses could gain anything cannot be told.",
    }.get(verdict, "What choosing poses could gain at most, in one seed.")
    claim = Claim(
        sentence,
        signed(shown.mean),
        "points",
        verdict,
        [
            *evidence.of_values(shown, values),
            ("what it is", "training on the target's poses in the source's look, minus uniform"),
        ],
    )
    what = "pose headroom: what any choice of poses could gain at most"
    return Headline("headroom", Figure(claim.value, "points", what), claim)


def _rare(summary: dict[str, Any]) -> Headline | None:
    """How well the score finds rare modes."""
    auc, method = summary.get("rare_mode_auc") or {}, summary.get("method", "")
    if auc.get(method) is None:
        return None
    value = number(auc[method], 2)
    claim = Claim(
        _found(method, auc[method]),
        value,
        "AUC",
        verdicts.LEAD,
        evidence.of_score(summary),
    )
    return Headline("score", Figure(value, "AUC", f"rare modes found by {method}"), claim)


def _found(method: str, auc: float) -> str:
    """What an AUC lets be said of a score.

    >>> _found("elbo", 0.97)
    'The score elbo finds poses of rare modes.'
    >>> _found("pca", 0.52)
    'The score pca does not find poses of rare modes.'
    """
    if auc >= FINDS:
        return f"The score {method} finds poses of rare modes."
    if auc >= FINDS_PARTLY:
        return f"The score {method} finds poses of rare modes in part."
    return f"The score {method} does not find poses of rare modes."

"""The part of a page that sets every headline number beside its evidence."""

from __future__ import annotations

from typing import Any

from posesift.report import verdicts
from posesift.report.blocks import Claim, Claims, Section
from posesift.report.claims import claim_evidence as evidence
from posesift.report.claims import headline
from posesift.report.outcome import run_sections
from posesift.report.wording import capitalised, number, plural, signed
from posesift.results import by_seed, endpoints, evalpose_form, ranking
from posesift.results.by_seed import Compared
from posesift.results.run import Run

TITLE = "Claims and their evidence"
SHARED = "What all of these share"


def of_comparison(comparison: Compared, summary: dict[str, Any] | None = None) -> Section | None:
    """Each number at the top of the page as a claim, and the lead of the best arm."""
    found = [shown.claim for shown in headline.headlines(comparison, summary)]
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
    row = endpoints.stated(comparison, found.best, found.second, headline.WHOLE)
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
    return f"claim-{len(headline.headlines(comparison, summary)) + 1}"


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
        free = run_sections.beside(folder, *keys)
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

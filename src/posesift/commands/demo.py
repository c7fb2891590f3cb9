"""``posesift demo``: the whole story on data that the tool makes itself."""

from __future__ import annotations

from dataclasses import dataclass

from posesift import storage
from posesift.commands.flags import DeviceFlags, ResultFlags, number, resumable, table_text
from posesift.progress import note


@dataclass(kw_only=True)
class Demo(ResultFlags, DeviceFlags):
    """Score, draw, train, evaluate and report on the built-in body world (about five minutes)."""

    seeds: int = 2
    """How many times everything is drawn anew."""
    quick: bool = False
    """Little data and few steps: under a minute of training."""
    resume: bool = False
    """Go on with the interrupted demo in --out."""

    def run(self) -> None:
        """Run the comparison and draw its page."""
        from posesift.experiments.compare import compare
        from posesift.experiments.demo import demo_plan, estimate
        from posesift.report.page import write_report

        if self.seeds < 1:
            raise ValueError(f"--seeds: expected 1 or more, found {self.seeds}")
        plan = demo_plan(
            seeds=tuple(range(self.seeds)),
            quick=self.quick,
            changes={
                "device": self.device,
                "precision": self.precision,
                "threads": self.threads,
                "workers": self.workers or 0,
            },
        )
        folder = self.claim("comparison", "demo", resume=self.resume)
        note(estimate(plan))
        with resumable(folder):
            compare(plan, folder, write_report)
        found = storage.read_json(folder / "comparison.json")
        self.finish(folder, {"primary": found["primary"]}, _text(found))


def _text(found: dict) -> str:
    """The arms on the target, and the primary endpoint in one sentence."""
    names = [arm["name"] for arm in found["arms"]]
    rows = []
    for name in names:
        cells = [cell["sets"]["target"] for cell in found["cells"] if cell["arm"] == name]
        rows.append([
            name,
            *(number(_mean([cell["pck"][a]["all"] for cell in cells])) for a in ("0.05", "0.1")),
            number(_mean([cell["evalpose_100"] for cell in cells])),
        ])  # fmt: skip
    primary = found["primary"]
    text = table_text(rows, ["target, mean over seeds", "PCK@0.05", "PCK@0.1", "EvalPose"])
    if primary["mean"] is not None:
        text += (
            f"\n{primary['endpoint']}, {primary['arm']} minus {primary['against']}: "
            f"{primary['mean']:+.1f}"
        )
        if primary["low"] is not None:
            text += f" (95 % interval {primary['low']:+.1f} to {primary['high']:+.1f})"
    return text


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

"""``posesift demo``: the whole story on data that the tool makes itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from posesift import storage
from posesift.commands.compare import check_jobs, comparison_text, summary
from posesift.commands.flags import DeviceFlags, ResultFlags
from posesift.progress import note

MOST_JOBS = 4  # each holds a world's images and a network: about 1.5 GB


@dataclass(kw_only=True)
class Demo(ResultFlags, DeviceFlags):
    """Adapt to the built-in body world, by RegDA, UDAPE, UDAPE with sampling by difficulty.

    Source-only training and an oracle stand beside them; all have one budget of draws.
    """

    seeds: int = 1
    """Number of seeds, each of which redraws everything; one seed has no interval over seeds."""
    sample_in: Literal["warm-up", "adaptation", "both"] = "both"
    """The stages that draw by difficulty. Where that is adaptation, all arms of a method start
    from the same network."""
    quick: bool = False
    """Little data and few steps: under a minute of training."""
    jobs: int | None = None
    """How many networks are trained at the same time (default: on a CPU one a core, at most 4)."""
    resume: bool = False
    """Go on with the interrupted demo in --out."""

    def run(self) -> None:
        """Run the comparison and draw its page."""
        from posesift.experiments.compare import check, check_begun, compare
        from posesift.experiments.cost import estimate
        from posesift.experiments.demo import demo_plan
        from posesift.report.page import write_report

        self.check_resume(self.resume)
        jobs = self._jobs() if self.jobs is None else self.jobs
        check_jobs(jobs)
        if self.seeds < 1:
            raise ValueError(f"--seeds: expected 1 or more, found {self.seeds}")
        plan = demo_plan(
            seeds=tuple(range(self.seeds)),
            quick=self.quick,
            sample_in=self.sample_in,
            changes=self.hardware(),
        )
        if not self.resume:
            check(plan)  # a mistake shows before anything is touched
        begun = partial(check_begun, plan=plan)
        with self.claim(
            "comparison", "demo", resume=self.resume, again=True, check=begun
        ) as claimed:
            note(estimate(plan, claimed.folder, jobs))
            compare(plan, claimed.folder, write_report, jobs)
        found = storage.read_json(claimed.out / "comparison.json")
        self.finish(claimed.out, summary(found), comparison_text(found))

    def _jobs(self) -> int:
        """Give the number of networks that are trained at the same time where none is asked for."""
        import torch

        from posesift.adaptation.training.hardware import available

        asked = self.hardware()
        device = asked.get("device", "auto")
        if (available()[0] if device == "auto" else device) != "cpu":
            return 1
        return max(1, min(MOST_JOBS, torch.get_num_threads() // asked.get("threads", 1)))

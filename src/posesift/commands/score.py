"""``posesift score DATA``: how hard is each pose, and which bin is it in?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from posesift.commands.flags import ResultFlags, number, table_text, warn
from posesift.engines import Engine
from posesift.progress import tell


@dataclass(kw_only=True)
class Score(ResultFlags):
    """Score poses by difficulty and group them into bins of rising difficulty."""

    data: Annotated[str, tyro.conf.Positional]
    """Data address, for instance world:body, lspet:/data/lspet or poses:table.parquet."""
    method: Literal["elbo", "reconstruction", "mean-distance", "pca", "knn"] | None = None
    """Pose VAE (elbo, the default, or reconstruction: the poster's), or a cheap score."""
    normalisation: Literal["limb", "crop", "rms", "torso", "upright"] | None = None
    """What is taken out of a pose before scoring (default: limb)."""
    bins: int | None = None
    """Number of bins (default: 25 from 50,000 poses on, else 10, fewer below 40 poses)."""
    binning: Literal["quantile", "width", "log-width"] = "quantile"
    """Equal counts, equal widths, or equal widths of log(score)."""
    scorer: Path | None = None
    """Score with the fit of this score folder: the target by the source's VAE."""
    seed: int = 0
    """Random seed of the scorer fit."""
    engine: Literal["local", "ray"] = "local"
    """This process, or a cluster by Ray (RAY_ADDRESS, else this machine): the same result."""

    def run(self) -> None:
        """Score, write the folder, draw the page."""
        from posesift.engines import started

        with started(self.engine) as engine:
            self._run_on(engine)

    def _run_on(self, engine: Engine | None) -> None:
        from posesift.data.inputs import inputs_of
        from posesift.data.stream import opened
        from posesift.experiments.score import ScoreSettings, check_settings, score_poses
        from posesift.report.page import write_report

        poses = opened(self.data, engine)
        settings = ScoreSettings(
            method=self.method,
            normalisation=self.normalisation,
            bins=self.bins,
            binning=self.binning,
            scorer=None if self.scorer is None else str(self.scorer),
            seed=self.seed,
        )
        check_settings(poses, settings)
        inputs = inputs_of(self.data, poses)
        keep = (self.out or Path("runs/score")).resolve()
        keep = keep.with_name(f".{keep.name}.posesift-pieces")
        with self.claim("score", "score", self.scorer, *inputs) as claimed:
            summary = score_poses(poses, claimed.folder, settings, write_report, keep).summary
        for text in summary["warnings"]:
            warn(text)
        for text in summary["notes"]:
            tell(f"note: {text}")
        rows = [
            [
                _bins_of(row), str(row["samples"]), number(row["low"], 3),
                number(row["high"], 3), number(row["mean"], 3), number(row["covariance_trace"], 3),
            ]
            for row in summary["variation_grouped"] or summary["variation"]
        ]  # fmt: skip
        header = ["bin", "poses", "from", "to", "mean score", "variation"]
        self.finish(
            claimed.out,
            {
                "samples": summary["samples"],
                "bins": summary["bins"],
                "variation_spearman": summary["variation_spearman"],
                "rare_mode_auc": summary["rare_mode_auc"],
                "beside_source": summary["beside_source"],
                "seconds": summary["seconds"],
            },
            f"{summary['samples']} pose{'s' * (summary['samples'] != 1)} scored by "
            f"{summary['method']}\n" + table_text(rows, header) + _beside(summary),
        )


def _beside(summary: dict[str, Any]) -> str:
    """Give the same poses in the bins of those that the scorer was fitted on, as a second table."""
    fit = summary["beside_source"]
    if not fit:
        return ""
    from posesift.difficulty.bins import SHOWN, groups

    edges = fit["edges"]
    rows = [
        [
            _bins_of({"bins": (first, last)}),
            *(str(sum(fit[of][first : last + 1])) for of in ("source", "these")),
            number(edges[first], 3), number(edges[last + 1], 3),
        ]
        for first, last in groups(len(edges) - 1, SHOWN).tolist()
    ]  # fmt: skip
    header = ["bin", "of the fit", "of these", "from", "to"]
    return (
        f"\nIn the bins of the {fit['samples']} poses of {fit['address']} that the scorer was "
        f"fitted on:\n{table_text(rows, header)}"
    )


def _bins_of(row: dict[str, Any]) -> str:
    """Give the bin of a row of variation, or its first and last one, counted from 1."""
    first, last = row.get("bins") or (row["bin"], row["bin"])
    return f"{first + 1}" if first == last else f"{first + 1}-{last + 1}"

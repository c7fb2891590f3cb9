"""``posesift subset SCORES``: the poses to train on, for any trainer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from posesift.commands.ending import typed
from posesift.commands.flags import ResultFlags, table_text, warn

if TYPE_CHECKING:
    from posesift.experiments.subset import Choice, Source


_ONCE = ("--overwrite", "--json", "--open")  # flags that say nothing of what is chosen


@dataclass(kw_only=True)
class Subset(ResultFlags):
    """Take the poses worth training on out of a scored set, in the format of any trainer."""

    scores: Annotated[tuple[str, ...], tyro.conf.Positional]
    """The folder that posesift score left; several as NAME=FOLDER, with --mix."""
    strategy: str = "hard-mining"
    """Sampling strategy; of several sources also NAME=STRATEGY,NAME=STRATEGY.
    uniform: all poses alike, what the others are compared with;
    hard-mining, tempered: sparse and hard poses most, capped;
    flatten: as hard-mining without the cap, so outliers most;
    quadratic, linear: by the bin, the hardest most;
    top: the harder half of the bins alone;
    curriculum: easy bins first, the hard ones later and so less;
    curriculum-then-hard: a curriculum, and then hard mining;
    shuffled: hard mining by shuffled scores, its control;
    random-pacing: a curriculum in random order, its control;
    easy: hard mining turned round, the easiest most: a control."""
    fraction: float | None = None
    """Take this share of the poses: 0.2 is a fifth."""
    n: int | None = None
    """Take this many poses."""
    budget: int | None = None
    """Make this many draws by the strategy, and take the poses that they hit, each as often as it
    was hit: for trainers that repeat samples."""
    min_distance: float | None = None
    """Put near duplicates aside first: poses within so many degrees (root mean square of the joint
    angles) of an earlier one."""
    mix: str | None = None
    """Share of each source: synthetic=0.6,real=0.4."""
    format: Literal["coco", "yolo", "mmpose", "csv", "poses", "list"] = "coco"
    """COCO keypoints, Ultralytics YOLO pose, MMPose, a CSV, a pose table, or a list of images."""
    images: Literal["link", "copy", "keep"] | None = None
    """Images are linked into the result (no room needed), copied, or left where they are (default:
    link; of a list keep)."""
    people: Literal["chosen", "all"] | None = None
    """Of the people on a chosen image, those that are chosen or all, for trainers that see whole
    images (default: all for yolo and list, else chosen)."""
    data: str | None = None
    """Address of the scored data, where they lie elsewhere now than when they were scored."""
    val: str | None = None
    """Of yolo: folder or list of your validation images, as in a data YAML of your own."""
    seed: int = 0
    """Random seed of the draws."""

    def run(self) -> None:
        """Choose, write the folder, draw the page."""
        from posesift.data.inputs import inputs_of
        from posesift.experiments import subset, write_subset
        from posesift.report.subset import notes, write_page, written

        mix = _ratios(self.mix)
        if self.val is not None and self.format != "yolo":
            raise ValueError(f"--val is for --format yolo, and --format {self.format} has no place")
        if self.people == "chosen" and self.format == "list":
            raise ValueError(
                "--people chosen leaves people out of labels, and a list names whole images"
            )
        validation = self._validation()
        sources = self._sources()
        strategies = self._strategies([source.name for source in sources])
        total = sum(source.usable for source in sources)
        asked = subset.wanted(total, self.fraction, self.n, self.budget)
        parts = subset.parts(sources, asked, mix)
        choices = [
            subset.choose(
                source, strategy, part, budget=self.budget is not None,
                min_distance=self.min_distance, seed=self.seed,
            )
            for source, strategy, part in zip(sources, strategies, parts, strict=True)
        ]  # fmt: skip
        write_subset.check_together(sources)
        facts = {
            "fraction": self.fraction, "n": self.n, "budget": self.budget, "mix": mix,
            "min_distance": self.min_distance, "seed": self.seed, "validation": validation,
            "command": shlex.join(["posesift", *(w for w in typed.get() if w not in _ONCE)]),
        }  # fmt: skip
        how = write_subset.Asked(
            format=self.format,
            images=self.images or ("keep" if self.format == "list" else "link"),
            people=self.people,
            validation=validation,
            facts=facts,
        )
        inputs = [path for s in sources for path in inputs_of(s.table.address, s.table)]
        folders = [source.score.path for source in sources]
        with self.claim("subset", "subset", *folders, *inputs) as claimed:
            summary = write_subset.write_subset(sources, choices, how, claimed.folder, claimed.out)
            write_page(claimed.folder, sources, choices, summary)
            write_subset.finish(claimed.folder, summary)
        for text in notes(summary, choices):
            warn(text)
        tables = (_table(*one) for one in zip(sources, choices, summary["sources"], strict=True))
        told = "\n".join([*tables, written(summary)])
        if self.format == "list":
            told += f"\nThe list: {claimed.out / 'images.txt'}\nIn a data YAML: {summary['train']}"
        else:
            told += f"\nRead it as {summary['address']}\nTo train: {summary['train']}"
        self.finish(claimed.out, summary, told)

    def _validation(self) -> str | None:
        """Give the whole path of the validation images: Ultralytics counts others from the YAML.

        Raises:
            ValueError: there are none.
        """
        if self.val is None:
            return None
        place = Path(self.val).expanduser().resolve()
        if not place.is_dir() and not (place.is_file() and place.suffix == ".txt"):
            found = "a file that is no list" if place.is_file() else "none"
            raise ValueError(
                f"--val: expected a folder of images or a list of them (.txt) at {place}, "
                f"found {found}"
            )
        return str(place)

    def _sources(self) -> list[Source]:
        """Read the score folders."""
        from posesift.data.readers import READERS
        from posesift.experiments.subset import open_source

        if not self.scores:
            raise ValueError("expected the folder that posesift score left, found none")
        for entry in self.scores:
            kind, colon, _ = entry.partition(":")
            if colon and kind in READERS and not Path(entry).exists():
                raise ValueError(
                    f"expected the folder that posesift score left, found the data {entry}; score "
                    f"them first: posesift score {shlex.quote(entry)} --out runs/scores"
                )
        if len(self.scores) == 1:
            name, equals, folder = self.scores[0].partition("=")
            named = equals and not Path(self.scores[0]).is_dir()
            place, name = (folder, name) if named else (self.scores[0], "")
            if self.mix is not None:
                raise ValueError(
                    "--mix shares a subset out among several sources: give each as NAME=FOLDER, "
                    f"found {self.scores[0]} alone"
                )
            return [open_source(Path(place), "", self.data)]
        if self.data is not None:
            raise ValueError("--data says where the data of one source lie; found several sources")
        given = [entry.partition("=") for entry in self.scores]
        names = [name for name, _, _ in given]
        plain = all(name.replace("-", "").replace("_", "").isalnum() for name in names)
        if not plain or not all(folder for _, _, folder in given) or len({*names}) < len(names):
            raise ValueError(
                "expected several sources as NAME=FOLDER, each with a name of its own (letters, "
                f"digits, - and _), found {' '.join(self.scores)}"
            )
        return [open_source(Path(folder), name) for name, _, folder in given]

    def _strategies(self, names: list[str]) -> list[str]:
        """Give the strategy of each source."""
        if "=" not in self.strategy:
            return [self.strategy] * len(names)
        given = dict(piece.split("=", 1) for piece in self.strategy.split(",") if "=" in piece)
        if set(given) != set(names):
            raise ValueError(
                f"expected --strategy NAME, or NAME=STRATEGY for each of {', '.join(names)}; found "
                f"{self.strategy}"
            )
        return [given[name] for name in names]


def _ratios(text: str | None) -> dict[str, float] | None:
    """Read ``synthetic=0.6,real=0.4``.

    >>> _ratios("synthetic=0.6,real=0.4")
    {'synthetic': 0.6, 'real': 0.4}
    """
    if text is None:
        return None
    try:
        pairs = [piece.split("=") for piece in text.split(",")]
        found = {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        raise ValueError(f"expected --mix synthetic=0.6,real=0.4, found {text!r}") from None
    if len(found) < len(pairs):
        raise ValueError(f"--mix {text!r} names a source twice")
    return found


def _table(source: Source, choice: Choice, told: dict[str, Any]) -> str:
    """Show how many poses of each bin are taken, and written with them, beside uniform draws."""
    from posesift.difficulty.bins import SHOWN, groups

    by_bin = told["by_bin"]
    aside = ["duplicates"] * bool(choice.duplicate_N.any())
    more = by_bin.get("written", by_bin["taken"]) != by_bin["taken"]
    columns = ["set", *aside, "taken", "uniform", *["written", "uniform_written"] * more]
    rows = [
        [
            f"{first + 1}" if first == last else f"{first + 1}-{last + 1}",
            *(str(sum(by_bin[name][first : last + 1])) for name in columns),
        ]
        for first, last in groups(choice.k, SHOWN).tolist()
    ]
    of = f" of {source.name}" if source.name else ""
    head = f"{len(choice.taken)} of {len(source)} poses{of} taken by {choice.strategy}\n"
    return head + table_text(rows, ["bin", *(name.replace("_", " ") for name in columns)])

"""From what is chosen to what lies in the folder: images, labels, weights, and what was done.

Legend: N poses of a source, S sources.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import folders, storage
from posesift.data.labels.boxes import boxes_in_place
from posesift.data.writers import WRITERS, write
from posesift.data.writers.images import Images, place
from posesift.data.writers.labels import Labels, of_names
from posesift.experiments.subset import Choice, Source
from posesift.poses.table import PoseTable, joined

People = Literal["chosen", "all"]
"""Spelling of ``--people``: of the people on a chosen image those that are chosen, or all."""

SUMMARY, WEIGHTS = "subset.json", ("weights.csv", "weights.parquet")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the subset is written.

    Attributes:
        format: one of `posesift.data.writers.WRITERS`.
        images: how images come into the result.
        people: ``all`` writes the other people of the chosen images too; None: as the format's
            trainers need it.
        validation: images to validate on, for YOLO.
        facts: what was asked for, as it is kept in ``subset.json``.
    """

    format: str
    images: Images
    people: People | None = None
    validation: str | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


def write_subset(
    sources: Sequence[Source], choices: Sequence[Choice], asked: Asked, folder: Path, out: Path
) -> dict[str, Any]:
    """Write the chosen poses of all sources as one set, their weights, and ``subset.json``.

    Args:
        sources: the scored poses.
        choices: what is taken of each.
        asked: how it is written.
        folder: where it is written.
        out: where it will be.

    Returns:
        What ``subset.json`` holds.

    Raises:
        ValueError: sources that do not go together, images that are gone or that the format cannot
            name, or a full disk.
    """
    check_together(sources)
    form = WRITERS[asked.format]
    people = asked.people or ("all" if form.whole_images else "chosen")
    tables, rows, others, moved = [], [], [], {}
    for source, choice in zip(sources, choices, strict=True):
        everybody = with_companions(source.table, choice.taken)
        others.append(everybody)
        taken = everybody if people == "all" else choice.taken
        below = f"{source.name}/" if len(sources) > 1 else ""
        placed = place(source.table.select(taken), folder, asked.images, form, below)
        for how, count in placed.linked.items():
            moved[how] = moved.get(how, 0) + count
        tables.append(placed.table)
        rows.append(taken)
    made = any(Labels(table, np.empty(0, np.int64), out).makes_boxes for table in tables)
    offset_S = np.cumsum([0, *[len(source) for source in sources]])
    labels = Labels(
        together(tables),
        row_N=np.concatenate([row_N + o + 1 for row_N, o in zip(rows, offset_S[:-1], strict=True)]),
        place=out,
        times_N=np.concatenate(
            [np.maximum(c.draws_N[row_N], 1) for c, row_N in zip(choices, rows, strict=True)]
        ),
        validation=asked.validation,
    )
    address = write(asked.format, labels, folder)
    write_weights(sources, choices, asked.facts.get("mix"), folder)
    taken = sum(len(choice.taken) for choice in choices)
    seen = sum(map(len, others))
    named = labels.table.image_N is not None
    summary = {
        **asked.facts,
        "format": asked.format,
        "images": asked.images,
        "address": address,
        "taken": taken,
        "poses": sum(len(source) for source in sources),
        "people": people,
        "written": len(labels.table),
        "written_images": len(labels.images[0]) if named else 0,
        "companions": len(labels.table) - taken,
        "unlabelled": seen - len(labels.table),
        "broken": {name: why for source in sources for name, why in source.broken.items()},
        "boxes_in_place": [
            line for source in sources for line in boxes_in_place(source.table.problems)
        ],
        "files": moved,
        "boxes_made": made and asked.format not in ("poses", "list"),
        "train": training(asked.format, out, address),
        "sources": [
            {
                "name": source.name,
                "address": source.table.address,
                "scores": str(source.score.path),
                "strategy": choice.strategy,
                "poses": len(source),
                "taken": len(choice.taken),
                "draws": int(choice.draws_N.sum()),
                "never_drawn": choice.never_drawn,
                "by_bin": choice.by_bin(**_written(source, choice, row_N, people)),
            }
            for source, choice, row_N in zip(sources, choices, rows, strict=True)
        ],
    }
    storage.write_json(folder / SUMMARY, summary)
    return summary


def _written(
    source: Source, choice: Choice, row_N: NDArray[np.int64], people: People
) -> dict[str, NDArray[np.bool_]]:
    """Tell which poses a trainer of whole images sees, of this subset and of the uniform one."""
    if people == "chosen":
        return {}
    uniform = with_companions(source.table, np.flatnonzero(choice.uniform_N))
    every_N = np.arange(len(source))
    return {"written": np.isin(every_N, row_N), "uniform_written": np.isin(every_N, uniform)}


def training(form: str, out: Path, address: str) -> str:
    """Say how a trainer takes the subset, in a line to paste.

    >>> training("yolo", Path("hard"), "")
    'yolo pose train data=hard/data.yaml model=yolo11n-pose.pt'
    """
    if form == "yolo":
        return f"yolo pose train data={shlex.quote(str(out / 'data.yaml'))} model=yolo11n-pose.pt"
    if form == "list":
        return f"train: {(out / 'images.txt').absolute()}"
    if form == "mmpose":
        return (
            f'dict(type="CocoDataset", data_root={str(out)!r}, ann_file="annotations.json", '
            f'data_prefix=dict(img="images/"), '
            f"metainfo=dict(from_file={str(out / 'dataset_info.py')!r}))"
        )
    return shlex.join(["posesift", "train", "photos", "--source", address, "--target", "TARGET"])


def check_together(sources: Sequence[Source]) -> None:
    """Refuse sources that cannot be one set.

    Raises:
        ValueError: two have other keypoints.
    """
    first = sources[0].table
    for source in sources[1:]:
        if not source.table.skeleton.same_as(first.skeleton):
            raise ValueError(
                f"expected sources of one skeleton, found {first.skeleton.name} and "
                f"{source.table.skeleton.name}: "
                f"{first.skeleton.difference(source.table.skeleton)}; score both with "
                "as=SKELETON in their addresses"
            )


def with_companions(table: PoseTable, taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows and those that share an image with them, rising.

    A trainer of whole images would take a person without a label for background.
    """
    if table.image_N is None:
        return taken
    names, image_N, _ = of_names(table.image_N)
    chosen_M = np.zeros(len(names), bool)
    chosen_M[image_N[taken]] = True
    return np.flatnonzero(chosen_M[image_N])


def together(tables: Sequence[PoseTable]) -> PoseTable:
    """Return one table of several, whose images have their places.

    What only some tables know is dropped, but for what is hidden: where one knows, the others'
    labelled keypoints count as seen. Images that stay get the folder above all of them.
    """
    if len(tables) == 1:
        return tables[0]
    absolute = Path(tables[0].root).is_absolute()
    root = os.path.commonpath([table.root for table in tables]) if absolute else tables[0].root
    knows = any(table.occluded_NK is not None for table in tables)
    same = [
        dataclasses.replace(
            table,
            root=root,
            image_N=_below(table, root) if absolute else table.image_N,
            box_N4=Labels(table, np.empty(0, np.int64), Path()).box_N4,
            boxes_from="file",
            occluded_NK=_hidden(table) if knows else None,
            clip_N=None,
            mode_N=None,
            mirrored_N=None,
            neg_log_p_N=None,
            share=None,
        )
        for table in tables
    ]
    return joined(same)


def _below(table: PoseTable, root: str) -> NDArray:
    assert table.image_N is not None
    before = Path(table.root).relative_to(root).as_posix()
    return np.array([f"{before}/{name}" for name in table.image_N.tolist()], object)


def _hidden(table: PoseTable) -> NDArray[np.bool_]:
    return np.zeros_like(table.visible_NK) if table.occluded_NK is None else table.occluded_NK


def write_weights(
    sources: Sequence[Source], choices: Sequence[Choice], mix: dict[str, float] | None, folder: Path
) -> None:
    """Write ``weights.csv`` and ``weights.parquet``: a row for every scored pose, taken or not.

    Columns: ``source`` where there are several, ``index`` in its scored data, ``file`` there,
    ``annotation`` (what the file calls the pose: COCO's id, the line of a CSV or of YOLO's label
    file) and ``image_id`` where the data have them, ``weight`` (1 = the mean of all poses; of
    several sources each has its share of the sum), ``bin`` from 1, ``score``, ``draws`` (how often
    it was taken), ``duplicate`` and ``broken`` (its image is, so it was never drawn).
    """
    total = sum(len(source) for source in sources)
    made = []
    alike = [
        kind
        for kind in ("id_N", "image_id_N")
        if len({_form(getattr(source.table, kind)) for source in sources}) == 1
    ]
    for source, choice in zip(sources, choices, strict=True):
        size, table = len(source), source.table
        share = 1.0 if mix is None else mix[source.name]
        names = [""] * size if table.image_N is None else table.image_N.tolist()
        named = {} if mix is None else {"source": pa.array([source.name] * size, pa.string())}
        made.append(
            pa.table(
                named
                | {
                    "index": pa.array(np.arange(size)),
                    "file": pa.array(names, pa.string()),
                    **_ids(table, alike),
                    "weight": pa.array((choice.weight_N * share * total).astype(np.float32)),
                    "bin": pa.array((choice.bin_N + 1).astype(np.int16)),
                    "score": pa.array(source.score.score_N),
                    "draws": pa.array(choice.draws_N.astype(np.int32)),
                    "duplicate": pa.array(choice.duplicate_N),
                    "broken": pa.array(choice.broken_N),
                }
            )
        )
    rows = pa.concat_tables(made)
    as_csv, as_parquet = WEIGHTS
    with storage.atomic_path(folder / as_csv) as temporary:
        pyarrow.csv.write_csv(rows, temporary, pyarrow.csv.WriteOptions(quoting_style="needed"))
    with storage.atomic_path(folder / as_parquet) as temporary:
        pq.write_table(rows, temporary)


def _form(id_N: NDArray | None) -> str:
    return "" if id_N is None else id_N.dtype.kind


def _ids(table: PoseTable, kinds: Sequence[str]) -> dict[str, pa.Array]:
    """Give the columns of ids; those of sources that have them in one form."""
    called = {"id_N": "annotation", "image_id_N": "image_id"}
    found = {called[kind]: getattr(table, kind) for kind in kinds}
    return {name: pa.array(id_N) for name, id_N in found.items() if id_N is not None}


def finish(folder: Path, summary: dict[str, Any]) -> None:
    """Declare the folder of a subset finished."""
    kept = ("address", "format", "taken", "poses")
    folders.write_manifest(folder, "subset", **{name: summary[name] for name in kept})

"""Write ``datasets.md`` from what the readers say of themselves: ``python docs/make_datasets.py``.

Everything on the page that concerns one format stands in its reader: ``ABOUT``, the docstrings, and
the options. A test tells when the page has fallen behind.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

from posesift.data.readers import READERS, _spelling, options
from posesift.data.readers.about import About

PAGE = Path(__file__).parent / "datasets.md"

INTRODUCTION = """\
# Data sets

<!-- written by docs/make_datasets.py from the readers themselves: change those -->

PoseSift reads what the owners of the field's data sets give out, and the copies of it that are in
common use. It brings no data along: you get them from the owners' page, on their terms.
`posesift check KIND` says in the terminal what this page says, and `posesift check KIND:PATH` what
is wrong with your copy:

```bash
posesift check lspet
posesift check lspet:/data/lspet
```

[Tasks](tasks.md) puts pairs of these sets together as recipes. Labels of your own are read as
`coco:`, `yolo:`, `deeplabcut:`, `sleap:`, `labelstudio:`, `cvat:` or `csv:`
([the road](your_own_data.md)); a format that is missing here is
[one file and one line](add_a_reader.md).
"""

IN_COMMON = """\
## What all have in common

**Boxes around the labels.** `boxes=labels` crops around the labels, 1.3 times their extent and
jittered by 15 %. It looks at the labels, in training and in test, and every report says so.
`boxes=file` takes the boxes of the data, and the whole image where they have none; a pose without
a box among others that have one gets it around its keypoints. The default is `labels` only where
whole frames would be of no use.

**Other keypoints.** `as=SKELETON` reads the data as another skeleton,
[by the names of the keypoints](your_own_skeleton.md#data-of-another-skeleton), and `map=FILE` adds
[a table of names of your own](your_own_data.md#other-names-for-the-same-keypoints). Both go with
every format that has keypoints.

**Bad samples.** A missing or broken image, a coordinate that is no number: the sample is left out
and listed. With more than 5 % of them reading stops.

## Splits

`split` is `train`, `test` or `all`. Training takes `train` and evaluation `test` without being
asked. The default is honest: no pose, clip or person is in both halves, as far as the files tell.
`parity=true` takes joints, samples and split of the published adaptation code, leaks included, for
comparison with published figures.
"""

SPLITS = {
    "surreal": (
        "the owners', by performer; `all` is every clip once",
        "copies of crops: shuffled lists, at most 3,200 for the test; collars as shoulders",
    ),
    "lsp": ("the first 1,000, the last 1,000", "all 2,000 in both: tested on what was adapted to"),
    "lspet": ("the last quarter is the test", ""),
    "mpii": ("the last quarter, by video; JSON and HDF5 have their own", ""),
    "human36m": (
        "subjects 1, 5, 6, 7, 8; test 9, 11",
        "every 5th frame; test: 3,200 drawn from these with replacement",
    ),
    "rhd": ("the owners'", "the owners', of hands that are large, seen and apart enough"),
    "h3d": ("the last of the five parts is the test", "a fifth by image: one pose is in both"),
    "freihand": (
        "the last quarter of the poses is the test, in all four versions",
        "a fifth after mixing the versions: one pose is in both",
    ),
    "coco": ("the last quarter of the images is the test; COCO's own are two files", ""),
    "coco-wholebody": ("as `coco`", ""),
    "tigdog": (
        "the last quarter of each animal's shots is the test",
        "the published index files: a fifth of the shots",
    ),
    "animalpose": (
        "the last quarter of each species' images is the test",
        "the published files: a fifth of the animals, one image in both",
    ),
    "ap10k": ("the published ones (`fold`)", ""),
    "synthetic-animals": (
        "the last quarter of each animal's poses is the test",
        "the published index files: a fifth by picture, one pose in both",
    ),
    "yolo": ("the YAML's `train` and its `test`, else its `val`, else the last quarter", ""),
    "deeplabcut": ("the last quarter of the images is the test", ""),
    "sleap": ("the last quarter of four or more videos, else of the frames, is the test", ""),
    "labelstudio": ("the last quarter of the images is the test", ""),
    "cvat": ("the last quarter of the images is the test", ""),
    "csv": ("the last quarter of the clips, else of the images, is the test", ""),
    "poses": ("as `csv`", ""),
    "images": ("the last quarter by name is the test", ""),
    "world": ("`train` and `test` never share a sample; there is no `all`", ""),
}
"""Kind to what the halves are by default, and with parity, in a few words."""

DOES_NOT_SAY = {"Read the folder.", "Read the table.", "Sample a world."}


def page() -> str:
    """The page as it should be."""
    kinds = {kind: importlib.import_module(module) for kind, module in READERS.items()}
    rows = [
        "| kind | what it is | what is read | terms |",
        "|---|---|---|---|",
        *(row(kind, module) for kind, module in kinds.items()),
    ]
    splits = [
        "| kind | halves | with `parity=true` |",
        "|---|---|---|",
        *map(split_row, kinds),
    ]
    parts = [
        INTRODUCTION,
        "## All formats\n",
        "\n".join(rows) + "\n",
        IN_COMMON,
        "\n".join(splits) + "\n",
        *(section(kind, module) for kind, module in kinds.items()),
    ]
    return "\n".join(parts)


def row(kind: str, module: object) -> str:
    """A format in the table of all."""
    about: About = module.ABOUT  # pyright: ignore[reportAttributeAccessIssue]
    what = link(about.title, about.page)
    summary = (module.__doc__ or "").partition("\n")[0].partition(": ")[2] or about.title
    summary = summary[:1].upper() + summary[1:].rstrip(".")
    return f"| [`{kind}`](#{anchor(kind)}) | {what} | {text(summary)} | {text(about.terms)} |"


def split_row(kind: str) -> str:
    """Which samples are the test, by default and as published."""
    default, published = SPLITS[kind]
    assert bool(published) == ("parity" in options(kind)), kind
    return f"| `{kind}` | {default} | {published} |"


def section(kind: str, module: object) -> str:
    """All about a format."""
    about: About = module.ABOUT  # pyright: ignore[reportAttributeAccessIssue]
    body, told = docstring(module.read)  # pyright: ignore[reportAttributeAccessIssue]
    lines = [f"## {kind}\n", f"{about.title}.\n", f"* Where: {link(about.page, about.page)}"]
    lines += [f"* Download: {text(about.get)}", f"* Terms: {text(about.terms)}"]
    if about.cite:
        lines.append(f"* Cite: {text(about.cite)}")
    lines.append(f"* The path in the address: {text(told['path'])}")
    if about.tree:
        lines += ["", f"```text\n{about.tree.strip(chr(10))}\n```"]
    lines += ["", *(f"{text(paragraph)}\n" for paragraph in body if paragraph not in DOES_NOT_SAY)]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    for name, option in options(kind).items():
        if name in told:
            spelling = _spelling(option).replace("|", "\\|")
            default = "" if option.default is None else f"`{str(option.default).lower()}`"
            lines.append(f"| `{spelling}` | {default} | {text(told[name])} |")
    return "\n".join(lines) + "\n"


def docstring(function: object) -> tuple[list[str], dict[str, str]]:
    """Paragraphs of a docstring, and what it says of each argument, in one line each."""
    body, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    paragraphs = [" ".join(part.split()) for part in body.strip().split("\n\n")]
    arguments = re.findall(
        r"^    (\w+): (.*(?:\n     .*)*)", rest.partition("\nRaises:")[0], re.MULTILINE
    )
    return paragraphs, {name: " ".join(what.split()) for name, what in arguments}


def text(words: str) -> str:
    """A docstring's words as Markdown, fit for a cell of a table."""
    words = words.replace("``", "`").replace("|", "\\|")
    words = re.sub(r"<(\w+)>", r"&lt;\1&gt;", words) if "`" not in words else words
    return re.sub(r"`posesift\.data\.label_boxes`", "[boxes](#what-all-have-in-common)", words)


def link(words: str, target: str) -> str:
    """Words that lead to a page, where it is one."""
    if target.startswith("docs/"):
        target = target.removeprefix("docs/")
        words = target if words.startswith("docs/") else words
    elif not target.startswith("http"):
        return text(words)
    return f"[{text(words)}]({target})"


def anchor(heading: str) -> str:
    """What a heading is called in a link."""
    return re.sub(r"[^\w-]+", "-", heading.lower())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(READERS)} formats")

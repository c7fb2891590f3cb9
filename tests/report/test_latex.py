"""Tables as LaTeX: a strict reader in place of pdflatex, and pdflatex itself where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.patience import PATIENCE

from posesift.report.blocks import Cell, Row, Table
from posesift.report.export.latex import escaped, latex

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}$&#%_^~\n]|[^\\{}$&#%_^~\n]+|.", re.DOTALL)
NO_ARGUMENT = {"textbackslash", "ldots", "toprule", "midrule", "bottomrule", "centering"}


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text)


def check_text(text: str) -> None:
    """What TeX would stumble over in running text."""
    assert text.isascii()
    depth, math = 0, False
    for token in tokens(text):
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
            assert depth >= 0
        elif token == "$":
            math = not math
        elif token in ("^", "_"):
            assert math, f"{token} outside of mathematics in {text!r}"
        else:
            assert token not in ("#", "%", "&", "\n", "\\"), f"{token!r} in {text!r}"
    assert depth == 0
    assert not math


def rows_of(source: str) -> tuple[str, list[list[str]]]:
    """Column specification and cells of the one tabular, by counting braces; strict."""
    body = source[source.index(r"\begin{tabular}{") + len(r"\begin{tabular}{") :]
    depth = 1
    for end, character in enumerate(body):  # noqa: B007
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            break
    specification, body = body[:end], body[end + 1 : body.index(r"\end{tabular}")]
    rows: list[list[str]] = []
    cells, depth = [""], 0
    for token in tokens(body):
        if token in (r"\toprule", r"\midrule", r"\bottomrule", "\n"):
            assert depth == 0
            assert cells == [""], f"{token} inside the row {cells}"
        elif token == r"\\":
            assert depth == 0
            rows.append([cell.strip() for cell in cells])
            cells = [""]
        elif token == "&" and depth == 0:
            cells.append("")
        else:
            depth += {"{": 1, "}": -1}.get(token, 0)
            cells[-1] += token
    assert cells == [""], f"the last row is not ended: {cells}"
    return specification, rows


def check_table(source: str) -> list[list[str]]:
    """A whole table as pdflatex would read it: environments nest, rows have as many cells."""
    assert source.isascii()
    open_ones: list[str] = []
    for word, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", source):
        if word == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    specification, rows = rows_of(source)
    columns = re.sub(r"p\{[^}]*\}", "p", specification)
    assert set(columns) <= set("lrp")
    for cells in rows:
        if cells[0].startswith(r"\multicolumn"):
            assert cells[0].startswith(rf"\multicolumn{{{len(columns)}}}")
            assert len(cells) == 1
        else:
            assert len(cells) == len(columns), cells
            for cell in cells:
                check_text(cell)
                assert not cell.startswith(("[", "*")), "TeX takes this for an option of the row"
    for name in ("caption", "label"):
        assert source.count(rf"\{name}{{") == 1
    return rows


def table(*rows: Row, columns: int = 2, caption: str = "How to read it.") -> Table:
    return Table("A title", "arm", [f"column {j}" for j in range(columns)], list(rows), caption)


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_can_be_set(text: str) -> None:
    check_text(escaped(text))


@given(
    st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12), st.floats()), max_size=4),
    st.sampled_from(["arm", "oracle", "baseline", "primary"]),
)
@settings(max_examples=100)
def test_any_table_can_be_set(rows: list[tuple[str, str, float]], role: str) -> None:
    made = table(
        Row("a group", [], "group"),
        *(Row(name, [Cell(text, best=True), Cell(1, spread=value, ends=(0, value))], role)
          for name, text, value in rows),
    )  # fmt: skip
    assert len(check_table(latex(made, "any-table"))) == 2 + len(rows)


def test_a_table_by_hand() -> None:
    made = table(
        Row("UDAPE", [], "group"),
        Row("UDAPE & co_1", [Cell(-0.3, spread=0.1, best=True), Cell("50 %")]),
        Row("Trained on labels", [], "group"),
        Row("Oracle", [Cell(1, "+.1f"), Cell(1.5, ".0f", ends=(1, 2))], "oracle"),
    )
    assert (
        latex(made, "results-a-title")
        == r"""\begin{table}[t]
\centering
\caption{A title. How to read it.}
\label{tab:results-a-title}
\begin{tabular}{lrl}
\toprule
arm & column 0 & column 1 \\
\midrule
\multicolumn{3}{l}{\emph{UDAPE}} \\
UDAPE \& co\_1 & \textbf{$-$0.3} $\pm$ 0.1 & 50 \% \\
\midrule
\multicolumn{3}{l}{\emph{Trained on labels}} \\
\textit{Oracle} & +1.0 & 2 (1 to 2) \\
\bottomrule
\end{tabular}
\end{table}
""".replace("{lrl}", "{lrl}")
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("100% of $5 #1 a_b {x} ~ ^", r"100\% of \$5 \#1 a\_b \{x\} \textasciitilde{} "
         r"\textasciicircum{}"),
        ("posesift demo --seeds 3", "posesift demo -{}-seeds 3"),
        ("0–100", "0--100"),
        ("[a] * b", "{[}a{]} {*} b"),
        ("é ñ ü š ő ç ï", r"\'{e} \~{n} \" {u} \v{s} \H{o} \c{c} \"{\i}".replace('" {', '"{')),
        ("中\n\x1b文", "{[}U+4E2D{]}  {[}U+6587{]}"),
        ("12\u202f000 ± 3°", r"12\,000 $\pm$ 3$^\circ$"),
    ],
)  # fmt: skip
def test_characters(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_what_is_wide_spreads_over_both_columns() -> None:
    narrow = latex(table(Row("a", [Cell(1), Cell(2)])), "a")
    assert r"\begin{table}[t]" in narrow
    cells = [Cell(41, spread=1.2)] * 9
    wide = latex(table(Row("a", cells), columns=9), "a")
    assert r"\begin{table*}[t]" in wide
    assert r"\footnotesize" in wide
    heading = latex(Table("t", "", ["a heading of many words"], [Row("a", [Cell(1, ".0f")])]), "a")
    assert [cells[1] for cells in check_table(heading)] == ["a", "heading", "of many", "words", "1"]
    prose = latex(table(Row("a", [Cell("word " * 20), Cell(2)])), "a")
    assert re.search(r"\{lp\{0\.\d\d\\linewidth\}r\}", prose)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_pdflatex_agrees(tmp_path: Path) -> None:
    hostile = "".join(chr(c) for c in (*range(32, 127), *range(0xA1, 0x180), 0x4E2D, 0x1F600))
    made = table(Row(hostile, [Cell("[x]"), Cell("*")]), Row("*", [Cell(""), Cell(-1)]))
    source = "\n".join(
        [
            r"\documentclass{article}\usepackage{booktabs}\begin{document}",
            latex(made, "x"),
            r"\end{document}",
        ]
    )
    (tmp_path / "t.tex").write_text(source)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]

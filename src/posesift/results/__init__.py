"""Results: what a score, a run and a comparison leave in their folders, written and read here.

`read` opens any of the three. Experiments write through this room and reports read through it, so
that a page, a table and a file show the same number by the same code.
"""

from posesift.results.comparison import Comparison
from posesift.results.predictions import Predictions, read_predictions
from posesift.results.read import read
from posesift.results.run import Run
from posesift.results.score import Score, read_score

__all__ = ["Comparison", "Predictions", "Run", "Score", "read", "read_predictions", "read_score"]

"""Commands: one short file each. The only floor that prints.

A command is a dataclass: its fields are the flags, their docstrings the help, and ``run`` does the
work by calling the rooms below. Nothing heavy is imported before ``run``.
"""

from posesift.commands.check import Check
from posesift.commands.compare import Compare
from posesift.commands.demo import Demo
from posesift.commands.doctor import Doctor
from posesift.commands.evaluate import Evaluate
from posesift.commands.export import Export
from posesift.commands.predict import Predict
from posesift.commands.prepare import Prepare
from posesift.commands.render import Render
from posesift.commands.report import Report
from posesift.commands.score import Score
from posesift.commands.style import Style
from posesift.commands.subset import Subset
from posesift.commands.train import Train

COMMANDS = {
    "demo": Demo,
    "check": Check,
    "prepare": Prepare,
    "score": Score,
    "subset": Subset,
    "render": Render,
    "train": Train,
    "style": Style,
    "compare": Compare,
    "evaluate": Evaluate,
    "predict": Predict,
    "export": Export,
    "report": Report,
    "doctor": Doctor,
}

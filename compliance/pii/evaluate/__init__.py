"""How well the scanner finds what is there, and keeps silent where nothing is; beside Presidio.

    corpus (seed, part) -> engines (ours, plain Presidio) -> scores -> table or JSON

    python -m compliance.pii.evaluate --lines 3000 --clean 10000 --plain 400

Plain Presidio reads some 45 lines a second, so it is given a sample; what it found and we lost is
told of that sample.
"""

from compliance.pii.evaluate.command import main
from compliance.pii.evaluate.evaluation import TARGETS, Evaluation, evaluate

__all__ = ["TARGETS", "Evaluation", "evaluate", "main"]

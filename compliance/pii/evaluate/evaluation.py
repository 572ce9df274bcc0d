"""One evaluation: both engines over one part of the corpus."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from compliance.pii.corpus import KINDS, LabelledLine, clean_lines, labelled_lines
from compliance.pii.evaluate.engines import PLAIN_SCORE_MIN, ours, plain
from compliance.pii.evaluate.scores import Scores, Share, counted, is_covered
from compliance.pii.vocabulary import LOG_WORDS, THING_WORDS

# Recall to reach on what was held out.
TARGETS = MappingProxyType(
    {
        "email": 0.99,
        "person": 0.85,
        "phone": 0.90,
        "address": 0.80,
        "card": 0.99,
        "iban": 0.99,
        "ip": 0.99,
    }
)
CLEAN_FLAGGED_MAX = 0.001


@dataclass(frozen=True)
class Miss:
    """A value that was not found. `text` is synthetic."""

    kind: str
    value: str
    line: LabelledLine


def _is_said_in_logs(miss: Miss) -> bool:
    words = miss.value.lower().split()
    return miss.kind == "person" and any(word in LOG_WORDS | THING_WORDS for word in words)


# What is lost on purpose, because the same form stands in clean logs far more often.
RULES: tuple[tuple[str, Callable[[Miss], bool]], ...] = (
    ("a word of logs or products is no part of a name", _is_said_in_logs),
    (
        "one word is no name unless a key says so",
        lambda miss: miss.kind == "person" and " " not in miss.value,
    ),
    (
        "12, 13 and 19 digits are a card only when something says so",
        lambda miss: miss.kind == "card" and sum(map(str.isdigit, miss.value)) in {12, 13, 19},
    ),
)


@dataclass(frozen=True)
class Evaluation:
    """What was measured on one part of the corpus."""

    part: str  # held-out | development
    seed: int
    scores: Scores
    plain: Scores | None  # on the first plain_lines lines
    missed: tuple[Miss, ...]
    lost: tuple[Miss, ...]  # found by plain Presidio, not by us, and by no rule
    left_out: Mapping[str, int]  # found by plain Presidio, not by us, by the rule that says so
    wrong: tuple[Miss, ...]  # reported, but not there; of the clean lines too

    @property
    def is_good(self) -> bool:
        """Whether every target is reached."""
        flagged = self.scores.clean_flagged
        return (
            not self.lost
            and all(self.scores.recall(kind).value >= target for kind, target in TARGETS.items())
            and (not flagged.of or flagged.value <= CLEAN_FLAGGED_MAX)
        )

    def as_dict(self) -> dict[str, Any]:
        """Figures only."""
        engines = {"ours": self.scores, **({"plain": self.plain} if self.plain else {})}
        return {
            "part": self.part,
            "seed": self.seed,
            "is_good": self.is_good,
            "lost": len(self.lost),
            "left_out": dict(self.left_out),
            "engines": {name: _figures(scores) for name, scores in engines.items()},
        }


def evaluate(
    *, seed: int, is_held_out: bool, lines: int, clean: int, plain_lines: int = 0
) -> Evaluation:
    """Measure. Takes about 3 ms a line, and 25 ms for each line that plain Presidio reads."""
    corpus = list(labelled_lines(lines, seed=seed, is_held_out=is_held_out))
    silent = list(clean_lines(clean, seed=seed, is_held_out=is_held_out))
    answers = ours([line.text for line in corpus])
    scores = Scores()
    missed: list[Miss] = []
    wrong: list[Miss] = []
    for line, found in zip(corpus, answers, strict=True):
        scores.add(line, found)
        missed += [_miss(line, label) for label in counted(line) if not is_covered(label, found)]
        wrong += [_miss(line, label) for label in found if not is_covered(label, line.labels)]
    flagged = ours([line.text for line in silent])
    wrong += [
        _miss(line, label) for line, found in zip(silent, flagged, strict=True) for label in found
    ]
    scores.clean_flagged = Share(sum(map(bool, flagged)), clean)
    plain_scores, lost = (
        _beside(corpus[:plain_lines], answers, silent[: plain_lines // 2])
        if plain_lines
        else (None, [])
    )
    ruled = [(miss, next((rule for rule, fits in RULES if fits(miss)), "")) for miss in lost]
    return Evaluation(
        part="held-out" if is_held_out else "development",
        seed=seed,
        scores=scores,
        plain=plain_scores,
        missed=tuple(missed),
        lost=tuple(miss for miss, rule in ruled if not rule),
        left_out=Counter(rule for _, rule in ruled if rule),
        wrong=tuple(wrong),
    )


def _beside(
    corpus: Sequence[LabelledLine],
    answers: Sequence[Sequence[Any]],
    silent: Sequence[LabelledLine],
) -> tuple[Scores, list[Miss]]:
    scores, lost = Scores(), []
    for line, found, our_answer in zip(
        corpus, plain([line.text for line in corpus]), answers, strict=False
    ):
        detected = [label for label, _ in found]
        scores.add(line, detected)
        lost += [
            _miss(line, label)
            for label in counted(line)
            if is_covered(label, detected) and not is_covered(label, our_answer)
        ]
    flagged = [
        any(score >= PLAIN_SCORE_MIN for _, score in found)
        for found in plain([line.text for line in silent])
    ]
    scores.clean_flagged = Share(sum(flagged), len(flagged))
    return scores, lost


def _miss(line: LabelledLine, label: Any) -> Miss:
    return Miss(label.kind, line.text[label.start : label.end], line)


def _figures(scores: Scores) -> dict[str, Any]:
    return {
        "clean_flagged": [scores.clean_flagged.hits, scores.clean_flagged.of],
        **{
            kind: {
                name: {"hits": share.hits, "of": share.of, "interval": share.interval}
                for name, share in (
                    ("recall", scores.recall(kind)),
                    ("precision", scores.precision(kind)),
                )
            }
            for kind in KINDS
        },
    }

"""The evaluation at the command line: a table for people, JSON for programs."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence

from compliance.pii.corpus import KINDS
from compliance.pii.evaluate.evaluation import (
    CLEAN_FLAGGED_MAX,
    TARGETS,
    Evaluation,
    Miss,
    evaluate,
)
from compliance.pii.evaluate.scores import Share

PROGRAM = "python -m compliance.pii.evaluate"
_PARTS = {"held-out": (True,), "development": (False,), "both": (False, True)}


def main(argv: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """0 every target reached, 1 one missed, 2 usage."""
    options = _parser(program).parse_args(argv)
    evaluations = [
        evaluate(
            seed=options.seed,
            is_held_out=is_held_out,
            lines=options.lines,
            clean=options.clean,
            plain_lines=min(options.plain, options.lines),
        )
        for is_held_out in _PARTS[options.part]
    ]
    if options.json:
        print(json.dumps([evaluation.as_dict() for evaluation in evaluations], indent=2))
    else:
        for evaluation in evaluations:
            sys.stdout.write(render(evaluation, show=options.show))
    return 0 if all(evaluation.is_good for evaluation in evaluations) else 1


def render(evaluation: Evaluation, *, show: int = 0) -> str:
    """The table, and the first misses of the development part when asked for."""
    ours, plain = evaluation.scores, evaluation.plain
    lines = [
        f"{evaluation.part} part, seed {evaluation.seed}; 95 % intervals after Wilson",
        f"{'kind':<9}{'n':>6}  {'recall':<22}{'target':<8}{'precision':<22}"
        + (f"{'plain recall':<22}plain precision" if plain else ""),
    ]
    for kind in KINDS:
        row = f"{kind:<9}{ours.recall(kind).of:>6}  {_share(ours.recall(kind)):<22}"
        row += f"{TARGETS[kind]:<8}{_share(ours.precision(kind)):<22}"
        if plain:
            row += f"{_share(plain.recall(kind)):<22}{_share(plain.precision(kind))}"
        lines.append(row)
    lines.append(
        f"clean lines flagged: {_of(ours.clean_flagged)}, at most {CLEAN_FLAGGED_MAX:.1%}"
        + (f"; plain {_of(plain.clean_flagged)}" if plain else "")
    )
    if plain:
        kinds = Counter(miss.kind for miss in evaluation.lost)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
        lines.append(f"found by plain Presidio and not by us: {told}")
        lines += [
            f"left out by rule: {count}: {rule}" for rule, count in evaluation.left_out.items()
        ]
    if evaluation.part == "development":  # the held-out part is not to be looked at
        for title, misses in (
            ("missed", evaluation.missed),
            ("lost", evaluation.lost),
            ("wrong", evaluation.wrong),
        ):
            lines += [f"{title:<7} {_told(miss)}" for miss in misses[:show]]
    return "\n".join(lines) + "\n\n"


def _share(share: Share) -> str:
    if not share.of:
        return "-"
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f}-{high:.3f})"


def _of(share: Share) -> str:
    return f"{share.hits:,} of {share.of:,} ({share.value:.2%})"


def _told(miss: Miss) -> str:
    line = miss.line
    return f"{miss.kind:<8}{line.format}/{line.locale}/{line.path}: {miss.value!r} in {line.text}"


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=main.__doc__)
    parser.add_argument("--part", choices=_PARTS, default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=3_000, help="labelled lines of each part")
    parser.add_argument("--clean", type=int, default=10_000, help="clean lines of each part")
    parser.add_argument("--plain", type=int, default=400, help="lines for plain Presidio; 0: none")
    parser.add_argument("--show", type=int, default=0, help="misses of the development part told")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    return parser

"""Tries exhibits, several at a time, each in a process and a folder of its own."""

import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from compliance.verdict import Judgement
from loadtests.processes import Component, Components
from queueproof.gallery.catalog import Exhibit
from queueproof.gallery.sight import Sight, look
from queueproof.gallery.trial import VERDICTS

TRIES_MAX = 2  # what a busy machine left unclear is tried once more
TRIAL_TIMEOUT_S = 300.0  # a trial takes some 15 s; its own limits end it well before this
POLL_S = 0.05
GOOD = frozenset({Sight.CAUGHT, Sight.CLEAN})


@dataclass(frozen=True)
class Seen:
    """What came of an exhibit."""

    exhibit: Exhibit
    sight: Sight
    detail: str  # why it is not as it should be
    verdict: str  # of the expected claim, or of the whole
    seconds: float
    tries: int
    run: Path | None  # where the evidence is; None: it was not kept


@dataclass(frozen=True)
class _Trial:
    exhibit: Exhibit
    tries: int
    run: Path
    process: Component
    began_s: float


def visit(
    exhibits: Sequence[Exhibit],
    folder: Path,
    *,
    jobs: int,
    keep_all: bool,
    tell: Callable[[Seen], None],
) -> list[Seen]:
    """Try every exhibit, in order, `jobs` at a time; `tell` hears of each as it is done.

    Evidence is kept of what went wrong, or of all. Whatever ends this, no process is left.
    """
    waiting = deque((exhibit, 1) for exhibit in exhibits)
    under_way: list[_Trial] = []
    seen: dict[str, Seen] = {}
    with Components() as processes:
        while waiting or under_way:
            while waiting and len(under_way) < jobs:
                under_way.append(_begin(*waiting.popleft(), folder, processes))
            for trial in [each for each in under_way if _has_ended(each)]:
                under_way.remove(trial)
                processes.stop(trial.process.name)
                found = _result(trial)
                if found.sight is Sight.UNCLEAR and trial.tries < TRIES_MAX:
                    waiting.append((trial.exhibit, trial.tries + 1))
                    continue
                if found.sight in GOOD and not keep_all:
                    shutil.rmtree(folder / trial.exhibit.name)
                    found = replace(found, run=None)
                seen[trial.exhibit.name] = found
                tell(found)
            time.sleep(POLL_S)
    return [seen[exhibit.name] for exhibit in exhibits]


def _begin(exhibit: Exhibit, tries: int, folder: Path, processes: Components) -> _Trial:
    run = folder / exhibit.name / f"try-{tries}"
    run.mkdir(parents=True)
    replacements = [f"--replace={name}={module}" for name, module in exhibit.modules.items()]
    process = Component(
        f"{exhibit.name}/{run.name}",
        [
            "queueproof.gallery.trial",
            *("--run", str(run), "--seed", str(exhibit.seed), *replacements),
            *("--configuration", exhibit.configuration),
            *exhibit.scenarios,
        ],
        log=run / "trial.log",
        may_end=True,
    )
    processes.add(process)
    return _Trial(exhibit, tries, run, process, time.monotonic())


def _has_ended(trial: _Trial) -> bool:
    return trial.process.exit_code is not None or time.monotonic() - trial.began_s > TRIAL_TIMEOUT_S


def _result(trial: _Trial) -> Seen:
    expected = trial.exhibit.expected
    verdict = "-"
    try:
        judgement = Judgement.model_validate_json((trial.run / VERDICTS).read_bytes())
    except (OSError, ValidationError):
        sight, detail = Sight.UNCLEAR, f"it was not judged; see {trial.run / 'trial.log'}"
    else:
        sight, detail = look(expected, judgement)
        outcomes = {claim.claim: claim.outcome for claim in judgement.claims}
        outcome = outcomes.get(expected.claim) if expected else judgement.outcome
        verdict = outcome or "not tried"
    return Seen(
        exhibit=trial.exhibit,
        sight=sight,
        detail=detail,
        verdict=verdict,
        seconds=time.monotonic() - trial.began_s,
        tries=trial.tries,
        run=trial.run,
    )

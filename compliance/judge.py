"""Judges a run: every claim that its experiments try, from the folder alone.

A check's `verified` stands only if the experiment could have found otherwise: the generator was
honest, every planned fault fired, and the control run (same seed, no faults) passed the same
checks. Otherwise it becomes inconclusive, and says why. A counter-example stands in any case.
"""

from pathlib import Path

from compliance.checks import CHECKS
from compliance.checks.generator_honesty import doubts
from compliance.checks.logs import check_logs
from compliance.history import History
from compliance.verdict import ClaimVerdict, Judgement, Outcome, Verdict, worst
from scenarios.evidence import EvidenceError, RunManifest, read_manifest
from scenarios.model import Claim, LogScan, ScenarioError, load_claims


def judge(run: Path) -> Judgement:
    """Judge a run directory. Raises EvidenceError when it is none, or its evidence is damaged."""
    manifest = read_manifest(run)
    verdicts: list[Verdict] = []
    for name in manifest.experiments:
        try:
            verdicts += _judge_experiment(run, name, manifest)
        except ScenarioError as error:
            raise EvidenceError(str(error)) from error
    return Judgement(run=run.name, claims=[_roll_up(claim, verdicts) for claim in load_claims()])


def _judge_experiment(run: Path, name: str, manifest: RunManifest) -> list[Verdict]:
    if not (run / name / "experiment.json").exists():
        return _not_run(name, manifest)
    history = History(run / name)
    try:
        if history.record.is_control:
            return []  # it speaks only through the experiment that it controls
        if isinstance(history.scenario.load, LogScan):
            found = [check_logs(run, history)]
        else:
            why_not = doubts(history) + _control_failed(run, history)
            found = [_tempered(CHECKS[claim](history), why_not) for claim in _claims(history)]
        replay = f"queueproof run {history.record.scenario} --seed {history.record.seed}"
        return [verdict.model_copy(update={"replay": replay}) for verdict in found]
    finally:
        history.close()


def _claims(history: History) -> list[str]:
    unknown = [claim for claim in history.scenario.claims if claim not in CHECKS]
    if unknown:
        raise EvidenceError(
            f"{history.folder}: no check for claim {unknown[0]!r}; known: {', '.join(CHECKS)}"
        )
    return history.scenario.claims


def _not_run(name: str, manifest: RunManifest) -> list[Verdict]:
    """An experiment that the run planned and never reached."""
    return [
        Verdict(
            claim=claim,
            experiment=name,
            outcome=Outcome.INCONCLUSIVE,
            summary="the run ended before this experiment",
            reasons=["it was not run"],
            replay=f"queueproof run {name} --seed {manifest.seed}",
        )
        for claim in manifest.claims.get(name, [])
    ]


def _control_failed(run: Path, history: History) -> list[str]:
    """Why the control of this experiment does not vouch for it; empty when it does."""
    name = history.record.control
    if name is None:
        return ["it has no control run"] if history.scenario.control else []
    if not (run / name / "experiment.json").exists():
        return [f"its control run {name} is missing"]
    control = History(run / name)
    try:
        # A control breaks nothing, so what needs a failure to show cannot be asked of it.
        claims = [claim for claim in _claims(control) if claim != "resend-safe"]
        why = [f"the control run: {doubt}" for doubt in doubts(control)]
        for verdict in (CHECKS[claim](control) for claim in claims):
            if verdict.outcome is not Outcome.VERIFIED:
                detail = "; ".join(verdict.reasons) or verdict.summary
                why.append(f"the control run is {verdict.outcome} on {verdict.claim}: {detail}")
        return why
    finally:
        control.close()


def _tempered(verdict: Verdict, why_not: list[str]) -> Verdict:
    reasons = verdict.reasons + why_not
    outcome = verdict.outcome
    if outcome is Outcome.VERIFIED and reasons:
        outcome = Outcome.INCONCLUSIVE
    return verdict.model_copy(update={"outcome": outcome, "reasons": reasons})


def _roll_up(claim: Claim, verdicts: list[Verdict]) -> ClaimVerdict:
    mine = [verdict for verdict in verdicts if verdict.claim == claim.id]
    if not mine:
        return ClaimVerdict(claim=claim.id, text=claim.text, outcome=None, summary="not tried")
    outcome = worst([verdict.outcome for verdict in mine])
    # The last of those that decided speaks for the claim: later experiments try harder.
    *others, speaker = [verdict for verdict in mine if verdict.outcome is outcome]
    also = f" ({outcome} in {len(others)} more)" if others else ""
    return ClaimVerdict(
        claim=claim.id,
        text=claim.text,
        outcome=outcome,
        summary=f"{speaker.experiment}: {speaker.summary}{also}",
        verdicts=mine,
    )

"""Judges a run: every claim that its experiments were to try, from the folder alone.

The manifest, written before anything began, says what was planned; each experiment has to agree
with it, and each planned claim gets a verdict. A check's `verified` stands only if the experiment
could have found otherwise: the evidence hangs together, the generator was honest, every planned
fault fired, and the control run (same seed, no faults) passed the same checks. Otherwise it becomes
inconclusive, and says why. A counter-example stands in any case.
"""

import hashlib
from pathlib import Path

from compliance.checks import CHECKS, coherence, generator_honesty
from compliance.checks.logs import CLAIM as LOGS_CLAIM
from compliance.checks.logs import check_logs
from compliance.history import History
from compliance.ledgers import Say, silent
from compliance.promises import judged_by_promise
from compliance.replay import replay_command
from compliance.verdict import Card, ClaimVerdict, Judgement, Outcome, Verdict, worst
from scenarios.evidence import EvidenceError, Plan, RunManifest, read_manifest
from scenarios.model import Claim, LogScan, ScenarioError, load_claims

# A control breaks nothing, so what needs a failure to show cannot be asked of it.
NEEDS_FAULTS = frozenset({"resend-safe", "drain", "provider-spared"})
LONG_BYTES = 50_000_000  # ledgers of this size take seconds, so that each step is told


def judge(run: Path, say: Say = silent) -> Judgement:
    """Judge a run directory; `say` is told how far it is.

    Raises EvidenceError when it is none, or its evidence is damaged.
    """
    manifest = read_manifest(run)
    _check_folders(run, manifest)
    verdicts: list[Verdict] = []
    for name in manifest.experiments:
        try:
            verdicts += _judge_experiment(run, name, manifest, say)
        except ScenarioError as error:
            raise EvidenceError(str(error)) from error
    return Judgement(run=run.name, claims=[_roll_up(claim, verdicts) for claim in load_claims()])


def _check_folders(run: Path, manifest: RunManifest) -> None:
    known = {claim.id for claim in load_claims()}
    for name in manifest.experiments:
        if name not in manifest.plans:
            raise EvidenceError(f"{run}/manifest.json: it does not say what {name} was to try")
        unknown = set(manifest.plans[name].claims) - known
        if unknown:
            raise EvidenceError(f"{run}/manifest.json: unknown claim {min(unknown)!r} of {name}")
    for record in sorted(run.glob("*/experiment.json")):
        if record.parent.name not in manifest.experiments:
            raise EvidenceError(f"{record.parent}: the run's manifest knows no such experiment")


def _judge_experiment(run: Path, name: str, manifest: RunManifest, say: Say) -> list[Verdict]:
    plan = manifest.plans[name]
    if plan.is_control:
        return []  # it speaks only through the experiment that it controls
    replay = replay_command(run, name, plan, manifest.seed)
    if not (run / name / "experiment.json").exists():
        return [_not_run(claim, name, replay) for claim in plan.claims]
    history = _open(run, name, manifest, say)
    try:
        if isinstance(history.scenario.load, LogScan):
            checks = {LOGS_CLAIM: lambda asked: check_logs(run, asked)}
            why_not = []
        else:
            checks = CHECKS
            why_not = _doubts(history) + _control_failed(run, plan, manifest, say)
        unchecked = [claim for claim in plan.claims if claim not in checks]
        if unchecked:
            raise EvidenceError(f"{run / name}: such a load cannot try the claim {unchecked[0]!r}")
        found = [
            judged_by_promise(
                _without_rows(_tempered(checks[claim](history), why_not), history),
                history.configuration,
            )
            for claim in plan.claims
        ]
        ids = {offence.id for verdict in found for offence in verdict.offences}
        cards = history.cards(sorted(ids), replay)
        return [with_cards(verdict, cards, replay) for verdict in found]
    finally:
        history.close()


def _without_rows(verdict: Verdict, history: History) -> Verdict:
    """Where a worker took its rows with it, what it sent looks as if nobody had sent it."""
    lost = [part for part in history.record.generators if part.is_lost]
    if not lost:
        return verdict
    reasons = [
        f"worker {part.index} ({part.host}) was lost before all it recorded was gathered"
        for part in lost
    ]
    return verdict.model_copy(
        update={
            "outcome": Outcome.INCONCLUSIVE,
            "reasons": [*verdict.reasons, *reasons],
            "offences": [],
            "offence_count": 0,
        }
    )


def with_cards(verdict: Verdict, cards: dict[str, Card], replay: str) -> Verdict:
    """Each offence with what happened to its email, and all with the command that replays it."""
    offences = [
        offence.model_copy(update={"card": cards.get(offence.id)}) for offence in verdict.offences
    ]
    return verdict.model_copy(update={"offences": offences, "replay": replay})


def _open(run: Path, name: str, manifest: RunManifest, say: Say) -> History:
    """Raises EvidenceError when the record is not that of the planned experiment."""
    plan = manifest.plans[name]
    say(f"judging {name}")
    is_long = sum(file.stat().st_size for file in (run / name).glob("*.parquet")) > LONG_BYTES
    history = History(
        run / name,
        is_control=plan.is_control,
        say=(lambda what: say(f"judging {name}: {what}")) if is_long else silent,
    )
    record = history.record
    for what, found, planned in (
        ("name", record.name, name),
        ("scenario", record.scenario, plan.scenario),
        ("seed", record.seed, manifest.seed),
        ("scenario's text", _sha256(record.scenario_toml), plan.scenario_sha256),
        ("configuration", record.configuration, plan.configuration),
        (
            "configuration's text",
            _sha256(record.configuration_toml) if record.configuration_toml else "",
            plan.configuration_sha256,
        ),
    ):
        if found != planned:
            history.close()
            raise EvidenceError(f"{run / name}: its {what} is not what the run's manifest planned")
    return history


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _doubts(history: History) -> list[str]:
    return coherence.doubts(history) + generator_honesty.doubts(history)


def _not_run(claim: str, name: str, replay: str) -> Verdict:
    return Verdict(
        claim=claim,
        experiment=name,
        outcome=Outcome.INCONCLUSIVE,
        summary="the run ended before this experiment",
        reasons=["it was not run"],
        replay=replay,
    )


def _control_failed(run: Path, plan: Plan, manifest: RunManifest, say: Say) -> list[str]:
    """Why the control of this experiment does not vouch for it; empty when it does."""
    if plan.control is None:
        return []
    if not (run / plan.control / "experiment.json").exists():
        return [f"its control run {plan.control} is missing"]
    control = _open(run, plan.control, manifest, say)
    try:
        why = [f"the control run: {doubt}" for doubt in _doubts(control)]
        for claim in plan.claims:
            verdict = judged_by_promise(CHECKS[claim](control), control.configuration)
            is_fine = verdict.outcome in (Outcome.VERIFIED, Outcome.NOT_CLAIMED)
            if claim not in NEEDS_FAULTS and not is_fine:
                detail = "; ".join(verdict.reasons) or verdict.summary
                why.append(f"the control run is {verdict.outcome} on {claim}: {detail}")
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
        return ClaimVerdict(
            claim=claim.id, text=claim.text, outcome=None, summary="not tried", see=claim.see
        )
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

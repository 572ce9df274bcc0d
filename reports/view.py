"""A run and its judgement as one RunView: where all figures of a report come about.

    run directory + Judgement -> RunView -> html | markdown | junit | terminal

Nothing is decided here. A damaged experiment does not hide the others: its section says what
could not be read, and its verdicts are shown all the same.
"""

import shlex
from collections import Counter
from pathlib import Path

from compliance.verdict import ClaimVerdict, Judgement, Verdict
from reports.cards import card_view
from reports.experiment import build_experiment
from reports.model import ClaimView, CpuTable, ExperimentView, Offence, RunView, VerdictView
from reports.numbers import figure, seconds, significant
from reports.text import ID_LENGTH_MAX, LABEL_LENGTH_MAX, shown
from scenarios.evidence import RunManifest, read_manifest

FIGURES_SHOWN = 24
OFFENCES_SHOWN = 20
REASONS_SHOWN = 20

__all__ = ["RunView", "build"]


def build(run: Path, judgement: Judgement, *, has_experiments: bool = True) -> RunView:
    """All that a report of `run` shows; the claims alone when it `has_experiments` not.

    Raises EvidenceError when `run` is not a readable run directory.
    """
    manifest = read_manifest(run)
    anchors = {name: f"experiment-{n}" for n, name in enumerate(manifest.experiments, start=1)}
    placed: dict[str, list[VerdictView]] = {name: [] for name in manifest.experiments}
    elsewhere: list[VerdictView] = []
    claims = []
    for number, claim in enumerate(judgement.claims, start=1):
        views = []
        for verdict in claim.verdicts:
            place = anchors.get(verdict.experiment, "elsewhere")
            view = _verdict(verdict, anchor=f"{place}-claim-{number}")
            views.append(view)
            placed.get(verdict.experiment, elsewhere).append(view)
        claims.append(_claim(claim, views))
    experiments = [
        build_experiment(
            run, name, plan=manifest.plans.get(name), anchor=anchor, verdicts=placed[name]
        )
        for name, anchor in anchors.items()
        if has_experiments
    ]
    return RunView(
        folder=str(run),
        replay_folder=_replay_folder(run),
        name=shown(manifest.name, LABEL_LENGTH_MAX),
        outcome=judgement.outcome,
        outcome_counts=Counter(claim.outcome for claim in claims),
        started_at=shown(manifest.started_at, LABEL_LENGTH_MAX),
        finished_at=manifest.finished_at and shown(manifest.finished_at, LABEL_LENGTH_MAX),
        seed=manifest.seed,
        commit=shown(manifest.commit or "unknown", LABEL_LENGTH_MAX),
        command=_command(manifest.command),
        cpu_count=manifest.machine.cpu_count,
        cpu=_cpu_table(experiments),
        machine=_machine(manifest),
        versions=[
            (shown(name, LABEL_LENGTH_MAX), shown(version, LABEL_LENGTH_MAX))
            for name, version in manifest.versions.items()
        ],
        claims=[claim for claim in claims if claim.outcome is not None],
        untried=[claim for claim in claims if claim.outcome is None],
        experiments=experiments,
        elsewhere=elsewhere,
    )


def _claim(claim: ClaimVerdict, verdicts: list[VerdictView]) -> ClaimView:
    return ClaimView(
        claim=shown(claim.claim, LABEL_LENGTH_MAX),
        text=shown(claim.text),
        outcome=claim.outcome,
        summary=shown(claim.summary),
        verdicts=verdicts,
        see=[shown(command) for command in claim.see],
    )


def _verdict(verdict: Verdict, *, anchor: str) -> VerdictView:
    return VerdictView(
        anchor=anchor,
        claim=shown(verdict.claim, LABEL_LENGTH_MAX),
        experiment=shown(verdict.experiment, LABEL_LENGTH_MAX),
        outcome=verdict.outcome,
        summary=shown(verdict.summary),
        figures=[
            (shown(name.replace("_", " "), LABEL_LENGTH_MAX), _figure(value))
            for name, value in list(verdict.figures.items())[:FIGURES_SHOWN]
        ],
        offences=[
            Offence(
                id=shown(offence.id, ID_LENGTH_MAX),
                what=shown(offence.what),
                at_s=None if offence.at_s is None else round(offence.at_s, 3),
                card=card_view(offence.card) if offence.card else None,
            )
            for offence in verdict.offences[:OFFENCES_SHOWN]
        ],
        # A judge that kept offences without counting them must not read as "none".
        offence_count=max(verdict.offence_count, len(verdict.offences)),
        reasons=[shown(reason) for reason in verdict.reasons[:REASONS_SHOWN]],
        replay=shown(verdict.replay),
    )


def _figure(value: float | int | str) -> str:
    if isinstance(value, str):
        return shown(value, ID_LENGTH_MAX)
    return figure(significant(value, 4) if isinstance(value, float) else value)


def _cpu_table(experiments: list[ExperimentView]) -> CpuTable:
    measured = [experiment for experiment in experiments if experiment.cpu]
    shares = [{cpu.component: cpu for cpu in experiment.cpu} for experiment in measured]
    components = dict.fromkeys(cpu.component for experiment in measured for cpu in experiment.cpu)
    return CpuTable(
        experiments=[experiment.name for experiment in measured],
        rows=[(component, [share.get(component) for share in shares]) for component in components],
        totals=[round(sum(cpu.mean for cpu in experiment.cpu), 2) for experiment in measured],
    )


def _replay_folder(run: Path) -> str:
    """The run directory as one types it: the real name behind `latest`, without the home folder."""
    return shown(shlex.quote(str(Path(*run.resolve().parts[-2:]))))


def _command(command: list[str]) -> str:
    """The run's own command; where its program is installed is nobody's business."""
    program, *arguments = command or ["unknown"]
    return shown(shlex.join([Path(program).name, *arguments]))


def _machine(manifest: RunManifest) -> list[tuple[str, str]]:
    machine = manifest.machine
    rows = [
        ("System", machine.system),
        ("Processor", machine.cpu_model),
        ("Cores", str(machine.cpu_count)),
        ("Memory", f"{figure(seconds(machine.memory_bytes / 2**30))} GiB"),
        ("Python", machine.python),
    ]
    return [(name, shown(value, ID_LENGTH_MAX)) for name, value in rows if value]

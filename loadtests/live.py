"""Drives one scenario against real processes and leaves its evidence.

start the pipeline -> start the senders -> inject faults -> wait -> drain -> stop -> seal.
Whatever goes wrong on the way, the processes end and what was seen so far stays readable.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from loadtests.deployed import DeployedQueues
from loadtests.distributed.distribution import Distribution
from loadtests.faults.runner import FaultRunner
from loadtests.faults.timeline import STEP_S, FaultError
from loadtests.generator import Command, Generator, start_generator
from loadtests.ledger import LedgerWriter
from loadtests.metrics import Sampler
from loadtests.parts import API_KEY, LAMBDA, played_by
from loadtests.pipeline import (
    STORES,
    TARGET_TIMEOUT_S,
    Pipeline,
    wait_until_ready,
)
from loadtests.processes import ComponentError, Components
from loadtests.queues import AWS_ERRORS, REGION, drain_by_hand, wait_until_drained
from loadtests.spending import SpendMeter
from scenarios.arrivals import canaries, synthetic_people
from scenarios.configuration import Configuration
from scenarios.evidence import (
    EvidenceError,
    ExperimentRecord,
    GeneratorPart,
    Phase,
    seal,
    write_record,
)
from scenarios.model import EmailLoad, Scenario, SqsCallLoad
from scenarios.storm import planned_faults

SENDERS_FINISH_TIMEOUT_S = 180.0  # after the last email was due: retries and time-outs
LIVENESS_PERIOD_S = 0.1
SCENARIO_FILE = "scenario.toml"
CONFIGURATION_FILE = "configuration.toml"
KILLED = "the run ended without a word; it was killed"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Target:
    """A service that already runs: only what its senders see can be recorded.

    Of a deployment whose owner named its queues, also whether they were drained.
    """

    url: str
    api_key: str
    owned: bool
    queues: DeployedQueues | None = None
    spending: SpendMeter | None = None


@dataclass
class _Experiment:
    """What becomes known while an experiment runs."""

    folder: Path
    scenario: Scenario
    seed: int
    key_prefix: str
    say: Progress
    configuration: Configuration
    modules: Mapping[str, str]
    distribution: Distribution | None = None
    generators: list[GeneratorPart] = field(default_factory=list)
    spending: SpendMeter | None = None
    origin_s: float = field(default_factory=time.monotonic)
    phases: list[Phase] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    queue: dict[str, str] = field(default_factory=dict)
    drained: bool | None = None
    interrupted: str | None = KILLED
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def phase(self, name: str, start_s: float) -> None:
        self.phases.append(Phase(name=name, start_s=start_s, end_s=time.monotonic()))


def drive(
    scenario: Scenario,
    scenario_toml: str,
    folder: Path,
    *,
    seed: int,
    key_prefix: str,
    say: Progress,
    configuration: Configuration,
    configuration_toml: str,
    target: Target | None = None,
    modules: Mapping[str, str] | None = None,
    distribution: Distribution | None = None,
) -> ExperimentRecord:
    """Run one scenario on one configuration into `folder` and return its record.

    `key_prefix` begins every idempotency key; queues remember keys for minutes, so no other
    experiment may have it. `modules` names what is started in a component's place, such as a
    broken twin: {"worker": "tests.planted.ack_on_exception"}. Of a `target` nobody knows the
    configuration.
    Never raises for what the experiment met: problems stand in the record. KeyboardInterrupt is
    passed on once everything is stopped and written.
    """
    folder.mkdir(parents=True)
    (folder / SCENARIO_FILE).write_text(scenario_toml, encoding="utf-8")
    if target is None:
        (folder / CONFIGURATION_FILE).write_text(configuration_toml, encoding="utf-8")
    experiment = _Experiment(
        folder, scenario, seed, key_prefix, say, configuration, modules or {}, distribution
    )

    def record() -> ExperimentRecord:
        return ExperimentRecord(
            name=folder.name,
            scenario=scenario.name,
            scenario_toml=scenario_toml,
            configuration=configuration.name if target is None else "",
            configuration_toml=configuration_toml if target is None else "",
            seed=seed,
            key_prefix=key_prefix,
            started_at=experiment.started_at,
            origin_s=experiment.origin_s,
            queue=experiment.queue,
            generators=experiment.generators,
            phases=experiment.phases,
            drained=experiment.drained,
            interrupted=experiment.interrupted,
            problems=experiment.problems,
            target="reference" if target is None else target.url,
            modules=dict(experiment.modules),
        )

    write_record(folder / "experiment.json", record())  # says KILLED, unless we get further
    try:
        # What already runs elsewhere cannot be broken: its faults will be seen not to fire.
        planned = planned_faults(scenario, seed) if target is None else []
        nature = configuration.queue.nature if target is None else []
        with FaultRunner(planned, folder, seed, nature) as faults, Components() as components:
            _run(experiment, components, faults, target)
        experiment.interrupted = None
    except KeyboardInterrupt:
        experiment.interrupted = "stopped by the user"
        raise
    except (ComponentError, FaultError, OSError, *AWS_ERRORS) as error:
        experiment.interrupted = str(error)
    finally:
        try:
            seal(folder)
        except (OSError, EvidenceError) as error:
            # The open ledgers can be read as they are.
            experiment.problems.append(f"the ledgers could not be sealed: {error}")
        write_record(folder / "experiment.json", record())
    return record()


def _run(
    experiment: _Experiment,
    components: Components,
    faults: FaultRunner,
    target: Target | None,
) -> None:
    load = experiment.scenario.load
    if isinstance(load, EmailLoad):
        write_canaries(experiment.folder, load, experiment.seed)
    pipeline = None
    if target is None:
        experiment.say("starting the pipeline")
        pipeline = Pipeline(
            experiment.folder,
            components,
            experiment.configuration,
            modules=experiment.modules,
            rigs=faults.rigs(),
            network=faults.network,
        )
        pipeline.start_sqs(experiment.scenario.queue, experiment.seed, keeps_data=faults.keeps_data)
        if isinstance(load, EmailLoad):
            pipeline.start_service(experiment.scenario.queue, experiment.scenario.providers)
        experiment.queue = pipeline.queues.attributes
    else:
        _approach(experiment, target)
    command = _generator_command(experiment, pipeline, target)
    generator = start_generator(
        experiment.folder, components, command, experiment.distribution, experiment.say
    )
    players = played_by(experiment.configuration) if target is None else {}
    sampler = Sampler(
        experiment.folder / "metrics.jsonl",
        pipeline.sqs_endpoint if pipeline else None,
        lambda: {
            players.get(component.name, component.name): component.pid
            for component in components.running
        },
        STORES,
        families={LAMBDA},
    )
    try:
        _offer_load(experiment, components, generator, pipeline, faults)
        if pipeline is not None:
            _drain(experiment, pipeline)
        elif target is not None and target.queues is not None:
            _watch_drain(experiment, target.queues)
    finally:
        sampler.stop()
        experiment.problems += components.stop()


def _approach(experiment: _Experiment, target: Target) -> None:
    """See that it is there, and may still be loaded. Raises ComponentError, AWS_ERRORS."""
    if target.spending is not None:
        if reason := target.spending.why_stop():
            raise ComponentError(reason)
        target.spending.follow(experiment.folder / "sender.jsonl")
        experiment.spending = target.spending
    if target.queues is not None:
        experiment.queue = target.queues.attributes()
    wait_until_ready(target.url, TARGET_TIMEOUT_S)


def _generator_command(
    experiment: _Experiment, pipeline: Pipeline | None, target: Target | None
) -> Command:
    load = experiment.scenario.load
    assert isinstance(load, EmailLoad | SqsCallLoad)
    options = [
        *("--seed", str(experiment.seed), "--key-prefix", experiment.key_prefix),
        *("--scenario", str(experiment.folder / SCENARIO_FILE)),
        *("--duration", str(load.duration_s)),  # a control is shorter than its scenario
        *("--ledger-dir", str(experiment.folder)),
    ]
    if isinstance(load, EmailLoad):
        url = target.url if target else pipeline.api_url if pipeline else ""
        options += ["--host", url]
        if target is None or target.owned:  # the pipeline is ours, whatever its addresses
            options.append("--i-own-this-target")
    else:
        assert pipeline is not None
        options += ["--sqs-endpoint", pipeline.sqs_endpoint, "--queue-url", pipeline.queues.urls[0]]
        options += ["--aws-region", REGION]
    return Command(
        locustfile="locustfile.py" if isinstance(load, EmailLoad) else "sqs_locustfile.py",
        options=options,
        api_key=target.api_key if target else API_KEY,
        senders=load.senders,
    )


def _offer_load(
    experiment: _Experiment,
    components: Components,
    generator: Generator,
    pipeline: Pipeline | None,
    faults: FaultRunner,
) -> None:
    """Wait for the load's beginning, inject the faults, wait for its end."""
    load = experiment.scenario.load
    assert isinstance(load, EmailLoad | SqsCallLoad)
    start_s = generator.wait_for_start()
    experiment.say(f"offering {load.in_words}")
    if pipeline is not None:
        faults.begin(pipeline, start_s)
    deadline_s = start_s + load.duration_s + SENDERS_FINISH_TIMEOUT_S
    reported: set[str] = set()
    look_s = 0.0
    while generator.main.exit_code is None:
        faults.step()
        time.sleep(STEP_S)
        if time.monotonic() < look_s:
            continue
        look_s = time.monotonic() + LIVENESS_PERIOD_S
        for component in components.dead():
            is_done = generator.is_part(component) and component.exit_code == 0
            if not is_done and component.name not in reported:
                reported.add(component.name)
                experiment.problems.append(
                    f"{component.name} ended by itself with exit code {component.exit_code}"
                )
        too_late = "the senders did not finish in time" if time.monotonic() > deadline_s else None
        reason = too_late or (experiment.spending and experiment.spending.why_stop())
        if reason:
            experiment.problems.append(reason)
            components.stop(*generator.names)
    experiment.phase("load", start_s)
    experiment.generators = generator.parts()
    experiment.problems += faults.heal()
    if generator.main.exit_code:
        raise ComponentError(
            f"the generator ended with exit code {generator.main.exit_code}; "
            f"see {generator.main.log}"
        )
    experiment.problems += components.stop(*generator.names)
    if not generator.is_finished:
        experiment.problems.append("the generator gave up before its schedule was worked off")


def _drain(experiment: _Experiment, pipeline: Pipeline) -> None:
    experiment.say("waiting for the queue to drain")
    start_s = time.monotonic()
    timeout_s = experiment.scenario.expect.drain_timeout_s
    if isinstance(experiment.scenario.load, EmailLoad):
        experiment.drained = wait_until_drained(
            pipeline.sqs_endpoint, pipeline.queues.names, timeout_s
        )
    else:
        ledger = LedgerWriter(experiment.folder / "sink.jsonl")
        experiment.drained = drain_by_hand(
            pipeline.sqs_endpoint,
            pipeline.queues,
            lambda dedup_id: ledger.write(email_id=dedup_id, key=dedup_id),
            timeout_s,
        )
        ledger.close()
    experiment.phase("drain", start_s)


def _watch_drain(experiment: _Experiment, queues: DeployedQueues) -> None:
    experiment.say("waiting for the queues to drain")
    start_s = time.monotonic()
    experiment.drained = queues.wait_until_empty(experiment.scenario.expect.drain_timeout_s)
    experiment.phase("drain", start_s)


def write_canaries(folder: Path, load: EmailLoad, seed: int) -> None:
    """Put down every personal value that the traffic of this load and seed carries."""
    descriptor = os.open(folder / "canaries.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for kind, value in canaries(synthetic_people(load.people, seed)):
            file.write(json.dumps({"kind": kind, "value": value}) + "\n")

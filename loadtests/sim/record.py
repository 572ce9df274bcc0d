"""A simulation written down as an experiment folder, to be judged like any other."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loadtests.sim.plan import key_prefix, plan_of
from loadtests.sim.world import REFERENCE, Story, Twin, simulate
from scenarios.arrivals import synthetic_people
from scenarios.evidence import LEDGERS, SIMULATED, ExperimentRecord, write_record
from scenarios.model import Scenario


def drive_simulated(
    scenario: Scenario, scenario_toml: str, folder: Path, *, seed: int, twin: Twin = REFERENCE
) -> ExperimentRecord:
    """Simulate a small scenario into `folder`, as `loadtests.live.drive` runs one live.

    Raises SimulationError.
    """
    plan = plan_of(scenario, seed)
    story = simulate(plan, synthetic_people(plan.load.people, seed), twin)
    return write_story(story, scenario_toml, folder)


def write_story(story: Story, scenario_toml: str, folder: Path) -> ExperimentRecord:
    """Write the evidence of one simulation."""
    folder.mkdir(parents=True)
    for name, rows in story.rows.items():
        table = pa.Table.from_pylist(rows, schema=LEDGERS[name])
        pq.write_table(table, folder / f"{name}.parquet")
    plan = story.plan
    record = ExperimentRecord(
        name=folder.name,
        scenario=plan.scenario.name,
        scenario_toml=scenario_toml,
        seed=plan.seed,
        key_prefix=key_prefix(plan.seed),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        origin_s=story.phases[0].start_s,
        phases=story.phases,
        drained=story.drained,
        problems=story.problems,
        target=SIMULATED,
    )
    write_record(folder / "experiment.json", record)
    return record

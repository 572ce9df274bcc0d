"""A run directory of a healthy experiment of any size, written in bulk.

Every email is invoked, stored, accepted, received, sent, delivered and deleted, in the order in
which a pipeline does it; nothing is wrong with it, so that every check has to look at all of it.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from compliance.planned import planned_emails
from scenarios.evidence import (
    LEDGERS,
    ExperimentRecord,
    Machine,
    Phase,
    Plan,
    RunManifest,
    write_record,
)
from scenarios.model import EmailLoad, parse_scenario

NAME = "synthetic"
CLAIMS = ["no-loss", "no-false-ack", "order"]
RATE_PER_S = 1_000
GROUPS = 100
SEED = 1
KEY_PREFIX = "bench"
# When each step of an email's life happens, in seconds from its intended time.
INVOKED_S, STORED_S, ACCEPTED_S, RECEIVED_S, SENT_S, DELETED_S = (
    0.001,
    0.003,
    0.005,
    0.02,
    0.03,
    0.04,
)

Column: TypeAlias = "pa.Array | pa.ChunkedArray"


def write_run(folder: Path, emails: int) -> None:
    """Make a run of so many emails at `folder`."""
    experiment = folder / NAME
    experiment.mkdir(parents=True)
    text = _scenario(emails)
    load = parse_scenario(text, NAME).load
    assert isinstance(load, EmailLoad)
    for name, table in _ledgers(planned_emails(load, SEED, KEY_PREFIX)).items():
        pq.write_table(table, experiment / f"{name}.parquet")
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    record = ExperimentRecord(
        name=NAME,
        scenario=NAME,
        scenario_toml=text,
        seed=SEED,
        key_prefix=KEY_PREFIX,
        started_at=started_at,
        origin_s=0.0,
        phases=[
            Phase(name="load", start_s=0.0, end_s=load.duration_s),
            Phase(name="drain", start_s=load.duration_s, end_s=load.duration_s + 1),
        ],
        drained=True,
    )
    plan = Plan(
        scenario=NAME, scenario_sha256=hashlib.sha256(text.encode()).hexdigest(), claims=CLAIMS
    )
    manifest = RunManifest(
        name=folder.name,
        started_at=started_at,
        finished_at=started_at,
        seed=SEED,
        commit=None,
        versions={},
        machine=Machine(system="none", python="none", cpu_count=1, memory_bytes=1),
        command=["bench"],
        experiments=[NAME],
        plans={NAME: plan},
    )
    write_record(experiment / "experiment.json", record)
    write_record(folder / "manifest.json", manifest)


def _scenario(emails: int) -> str:
    claims = ", ".join(f'"{claim}"' for claim in CLAIMS)
    return (
        f'name = "{NAME}"\nsummary = "written by a bench"\nclaims = [{claims}]\n\n'
        f'[load]\nkind = "emails"\narrivals = "even"\ngroups = {GROUPS}\n'
        f"rate_per_s = {RATE_PER_S}\nduration_s = {emails / RATE_PER_S}\n"
    )


def _ledgers(planned: pa.Table) -> dict[str, pa.Table]:
    emails = len(planned)
    numbers = np.arange(emails)
    due_s = planned["intended_s"].to_numpy()
    ids = _texts("em_{:032x}", numbers)
    same = {
        **{name: planned[name] for name in planned.column_names},
        "email_id": ids,
        "dedup_id": ids,
        "message_id": _texts("{:08x}-0000-4000-8000-000000000000", numbers),
        "sequence": _texts("{:020d}", numbers),
        "body_sha256": _texts("{:064x}", numbers),
        "size_bytes": pa.repeat(2_048, emails),
        "attempt": pa.repeat(1, emails),
        "receive_count": pa.repeat(1, emails),
        "queue": pa.repeat("emails.fifo", emails),
        "provider": pa.repeat("smtp", emails),
    }
    ok = {**same, "status": pa.repeat(202, emails)}
    without_answer = {name: same[name] for name in ("key", "attempt", "group", "intended_s")}
    return {
        "sender": _ledger(
            "sender",
            ("kind", "invoke", due_s + INVOKED_S, without_answer),
            ("kind", "ok", due_s + ACCEPTED_S, ok),
        ),
        "queue": _ledger(
            "queue",
            ("event", "stored", due_s + STORED_S, same),
            ("event", "received", due_s + RECEIVED_S, same),
            ("event", "deleted", due_s + DELETED_S, same),
        ),
        "worker": _ledger(
            "worker",
            ("event", "received", due_s + RECEIVED_S, same),
            ("event", "sent", due_s + SENT_S, same),
            ("event", "deleted", due_s + DELETED_S, same),
        ),
        "sink": _ledger("sink", ("", "", due_s + SENT_S, same)),
        "metrics": _generator_at_rest(due_s[:: int(RATE_PER_S)]),
    }


def _ledger(
    name: str, *steps: tuple[str, str, npt.NDArray[np.float64], dict[str, Column]]
) -> pa.Table:
    """The steps' rows in the order of their times; what a step does not know is null."""
    schema, tables = LEDGERS[name], []
    for column, event, at_s, known in steps:
        values = {**known, "at_s": pa.array(at_s), column: pa.repeat(event, len(at_s))}
        arrays = [
            values[field.name].cast(field.type)
            if field.name in values
            else pa.nulls(len(at_s), field.type)
            for field in schema
        ]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables).sort_by("at_s")


def _generator_at_rest(at_s: npt.NDArray[np.float64]) -> pa.Table:
    """A sample a second of a generator that was never the bottleneck."""
    known = {"source": pa.repeat("generator", len(at_s)), "value": pa.repeat(0.3, len(at_s))}
    return _ledger("metrics", ("name", "cpu_share", at_s, known))


def _texts(pattern: str, numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array([pattern.format(number) for number in numbers.tolist()], pa.string())

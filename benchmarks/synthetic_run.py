"""A run directory of a healthy experiment of any size, written in bulk.

Every email is invoked, stored, accepted, received, sent, delivered and deleted, in the order in
which a pipeline does it; nothing is wrong with it, so that every check has to look at all of it.
"""

import contextlib
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from compliance.planned import planned_emails, recipient_digests
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
KEY_PREFIX = "20260101T000000Z-bench.synthetic"
SLICE_EMAILS = 500_000  # in memory at once while writing
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
# The column that names the event, the event, when each email met it, and what it knows of them.
Step: TypeAlias = "tuple[str, str, npt.NDArray[np.float64], dict[str, Column]]"


def write_run(folder: Path, emails: int) -> None:
    """Make a run of so many emails at `folder`."""
    experiment = folder / NAME
    experiment.mkdir(parents=True)
    text = _scenario(emails)
    load = parse_scenario(text, NAME).load
    assert isinstance(load, EmailLoad)
    _write_ledgers(experiment, load)
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


class _Writer:
    """One ledger, written a slice of the run at a time, all in the order of its times."""

    def __init__(self, experiment: Path, name: str) -> None:
        self._name = name
        self._file = pq.ParquetWriter(experiment / f"{name}.parquet", LEDGERS[name])
        self._later = LEDGERS[name].empty_table()

    def write(self, until_s: float, *steps: Step) -> None:
        """What happens before `until_s`; the rest waits for the next slice."""
        rows = [self._later, *(self._rows(*step) for step in steps)]
        table = pa.concat_tables(rows).sort_by("at_s")
        done = int(np.searchsorted(table["at_s"].to_numpy(), until_s))
        self._file.write_table(table.slice(0, done))
        self._later = table.slice(done)

    def close(self) -> None:
        self._file.write_table(self._later)
        self._file.close()

    def _rows(
        self, column: str, event: str, at_s: npt.NDArray[np.float64], known: dict[str, Column]
    ) -> pa.Table:
        """A step's rows; what it does not know is null."""
        schema = LEDGERS[self._name]
        values = {**known, "at_s": pa.array(at_s), column: pa.repeat(event, len(at_s))}
        arrays = [
            values[field.name].cast(field.type)
            if field.name in values
            else pa.nulls(len(at_s), field.type)
            for field in schema
        ]
        return pa.Table.from_arrays(arrays, schema=schema)


def _write_ledgers(experiment: Path, load: EmailLoad) -> None:
    names = ("sender", "queue", "worker", "sink", "metrics")
    with contextlib.ExitStack() as files:
        writers = {
            name: files.enter_context(contextlib.closing(_Writer(experiment, name)))
            for name in names
        }
        rng = np.random.default_rng(SEED)
        digests = np.array(recipient_digests(load.people, SEED))
        planned = planned_emails(load, SEED)
        for start in range(0, len(planned), SLICE_EMAILS):
            part = planned.slice(start, SLICE_EMAILS)
            for name, steps in _steps(part, digests, rng).items():
                writers[name].write(float(part["intended_s"][-1].as_py()), *steps)


def _steps(
    planned: pa.Table, digests: npt.NDArray[np.str_], rng: np.random.Generator
) -> dict[str, list[Step]]:
    """What each ledger holds about these emails."""
    emails = len(planned)
    numbers, due_s = planned["number"], planned["intended_s"].to_numpy()
    about_whom = pa.array(digests[numbers.to_numpy() % len(digests)])
    ids = pc.binary_join_element_wise("em_", _hex(emails, 32, rng), "")
    same: dict[str, Column] = {
        "key": pc.binary_join_element_wise(KEY_PREFIX, _digits(numbers, 6), "-"),
        "intended_s": planned["intended_s"],
        "group": pc.binary_join_element_wise("group", _digits(planned["group"], 4), "-"),
        "recipients_sha256": about_whom,
        "email_id": ids,
        "dedup_id": ids,
        "message_id": _hex(emails, 32, rng),
        "sequence": _digits(numbers, 20),
        "body_sha256": _hex(emails, 64, rng),
        "size_bytes": pa.repeat(2_048, emails),
        "attempt": pa.repeat(1, emails),
        "receive_count": pa.repeat(1, emails),
        "queue": pa.repeat("emails.fifo", emails),
        "provider": pa.repeat("smtp", emails),
    }
    ok = {**same, "status": pa.repeat(202, emails)}
    without_answer = {name: same[name] for name in ("key", "attempt", "group", "intended_s")}
    sampled_s = due_s[:: int(RATE_PER_S)]
    at_rest = {
        "source": pa.repeat("generator", len(sampled_s)),
        "value": pa.repeat(0.3, len(sampled_s)),
    }
    return {
        "sender": [
            ("kind", "invoke", due_s + INVOKED_S, without_answer),
            ("kind", "ok", due_s + ACCEPTED_S, ok),
        ],
        "queue": [
            ("event", "stored", due_s + STORED_S, same),
            ("event", "received", due_s + RECEIVED_S, same),
            ("event", "deleted", due_s + DELETED_S, same),
        ],
        "worker": [
            ("event", "received", due_s + RECEIVED_S, same),
            ("event", "sent", due_s + SENT_S, same),
            ("event", "deleted", due_s + DELETED_S, same),
        ],
        "sink": [("", "", due_s + SENT_S, {**same, "body_sha256": about_whom})],
        "metrics": [("name", "cpu_share", sampled_s, at_rest)],
    }


def _hex(count: int, digits: int, rng: np.random.Generator) -> pa.Array:
    """Random ids, as hard to compress and to tell apart as real ones."""
    text = np.frombuffer(rng.bytes(count * digits // 2).hex().encode(), dtype=f"S{digits}")
    return pa.array(text).cast(pa.string())


def _digits(numbers: Column, width: int) -> Column:
    return pc.utf8_lpad(numbers.cast(pa.string()), width, "0")

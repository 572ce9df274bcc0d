"""The run directory: all that a run leaves behind, and all that a verdict may rest on.

    runs/<time>-<name>/             one run (RunManifest)
        manifest.json               what was planned, and on what machine
        verdicts.json  report.html  report.md  junit.xml
        <experiment>/               one scenario, driven once (ExperimentRecord)
            experiment.json  scenario.toml  configuration.toml
            sender calls queue worker sink faults metrics     ledgers, .parquet
            canaries.jsonl          the synthetic personal data that the traffic carried
            logs/*.log              what each component printed

While a run lasts, each ledger is a .jsonl file, one event a line, appended by the component that
saw it; `seal` turns it into Parquet. A killed run leaves the .jsonl files, and `read_ledger` reads
either form, so evidence is never lost to a crash. All `at_s` are seconds of the machine's
monotonic clock; `ExperimentRecord.origin_s` is its zero.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

TORN = b"\x18"  # ends a line that its writer could not write to its end; see `read_ledger`
FORMAT_VERSION: Literal[1] = 1
BATCH_ROWS = 1 << 16  # of an open ledger that are in memory at once
SIMULATED = "simulation"  # what an experiment in virtual time says that it drove

R = TypeVar("R", bound=BaseModel)


def _required(name: str, kind: pa.DataType) -> pa.Field:
    """A column that every row has; without it a row proves nothing."""
    return pa.field(name, kind, nullable=False)


LEDGERS: dict[str, pa.Schema] = {
    # What senders saw, as a Jepsen history: every attempt has an `invoke`, then at most one of
    # `ok` (202), `fail` (certainly not done) or `info` (unknown).
    "sender": pa.schema(
        [
            _required("at_s", pa.float64()),
            _required("kind", pa.string()),
            _required("key", pa.string()),  # idempotency key: one for all attempts of an email
            _required("attempt", pa.int32()),  # from 1
            ("group", pa.string()),
            ("intended_s", pa.float64()),  # invoke: when the open-model schedule wanted it sent
            ("status", pa.int32()),  # HTTP status; null when there was no answer
            ("code", pa.string()),  # error code or exception type
            ("email_id", pa.string()),  # as the 202 named it
        ]
    ),
    # Direct SQS calls of a quota experiment, one row a call.
    "calls": pa.schema(
        [
            _required("at_s", pa.float64()),  # when it was sent
            _required("action", pa.string()),  # SendMessage, ReceiveMessage, DeleteMessage
            _required("outcome", pa.string()),
            _required("intended_s", pa.float64()),
            ("completed_s", pa.float64()),
            ("status", pa.int32()),
            ("code", pa.string()),
            ("messages", pa.int32()),  # carried by the call
        ]
    ),
    # The queue's own journal: the ground truth of what was stored.
    "queue": pa.schema(
        [
            _required("at_s", pa.float64()),
            _required("event", pa.string()),
            _required("queue", pa.string()),
            ("message_id", pa.string()),
            ("dedup_id", pa.string()),  # the reference uses its email id
            ("group", pa.string()),
            ("sequence", pa.string()),  # 20 digits: sorts as text
            ("receive_count", pa.int32()),
            ("body_sha256", pa.string()),
        ]
    ),
    "worker": pa.schema(
        [
            _required("at_s", pa.float64()),
            _required("event", pa.string()),
            ("email_id", pa.string()),
            ("message_id", pa.string()),
            ("receive_count", pa.int32()),
            ("provider", pa.string()),  # attempted, and the sent or failed that follows
            ("reason", pa.string()),
            ("definite", pa.bool_()),  # failed at a provider; false: it may have accepted it
        ]
    ),
    # The provider's journal: the ground truth of what was delivered.
    "sink": pa.schema(
        [
            _required("at_s", pa.float64()),
            ("email_id", pa.string()),  # local part of the Message-ID
            ("key", pa.string()),  # the sender's correlation header
            ("provider", pa.string()),  # smtp, ses, sendgrid, mailgun: whose API took it
            ("recipients_sha256", pa.string()),  # see recipients_digest
            ("size_bytes", pa.int64()),
            ("body_sha256", pa.string()),
        ]
    ),
    "faults": pa.schema(
        [
            _required("at_s", pa.float64()),
            _required("event", pa.string()),
            _required("fault", pa.string()),  # the label the scenario gave it
            ("kind", pa.string()),
            ("action", pa.string()),
            ("queue", pa.string()),
            ("stored", pa.bool_()),  # fired on a send: was the message stored all the same
            ("dedup_ids", pa.list_(pa.string())),
        ]
    ),
    "metrics": pa.schema(
        [
            _required("at_s", pa.float64()),
            _required("source", pa.string()),  # a component, or queue:<name>
            _required("name", pa.string()),
            _required("value", pa.float64()),
        ]
    ),
}
# What these columns may say; a word that no check knows would be passed over in silence.
WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("sender", "kind"): frozenset({"invoke", "ok", "fail", "info"}),
    ("calls", "outcome"): frozenset({"admitted", "throttled", "error"}),
    ("queue", "event"): frozenset(
        {"stored", "absorbed", "received", "deleted", "parked", "moved", "expired", "purged"}
    ),
    ("worker", "event"): frozenset(
        {
            *("received", "attempted", "sent", "failed"),
            *("deleted", "extended", "postponed", "released"),
        }
    ),
    ("faults", "event"): frozenset({"start", "fired", "end"}),
}


def recipients_digest(addresses: Iterable[str]) -> str:
    """What a delivery's `recipients_sha256` is: of the lower-case addresses, sorted, one a line."""
    lines = "\n".join(sorted(address.lower() for address in addresses))
    return hashlib.sha256(lines.encode()).hexdigest()


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(_Record):
    """A named stretch of an experiment, such as `load` or `drain`."""

    name: str
    start_s: float
    end_s: float


class GeneratorPart(_Record):
    """One of several processes that shared a load; see `loadtests.distributed`."""

    index: int
    host: str
    offset_s: float  # its clock minus the harness's, which all ledgers are on
    uncertainty_s: float  # within which that is known
    # By which the clocks surely moved apart while the load lasted; None: it went away before.
    drift_s: float | None
    rows: int  # that it recorded
    is_lost: bool  # it went away before all of its rows were gathered


class ExperimentRecord(_Record):
    """What was driven, with what, and whether it ran to its end."""

    name: str
    scenario: str
    scenario_toml: str
    configuration: str = ""  # of the queue and what is around it; empty: nobody knows
    configuration_toml: str = ""
    seed: int
    key_prefix: str = ""  # begins every idempotency key of this experiment, and of no other
    started_at: str  # ISO 8601, UTC
    origin_s: float
    queue: dict[str, str] = Field(default_factory=dict)  # the queue's attributes
    generators: list[GeneratorPart] = Field(default_factory=list)  # none: one process made it
    phases: list[Phase] = Field(default_factory=list)
    drained: bool | None = None  # None: there was nothing to drain, or nobody could tell
    interrupted: str | None = None  # why the run ended early
    problems: list[str] = Field(default_factory=list)  # a component died, did not start, ...
    target: str = "reference"  # what was driven: the reference, SIMULATED, or a URL
    modules: dict[str, str] = Field(default_factory=dict)  # what ran in a component's place

    def phase(self, name: str) -> Phase | None:
        return next((phase for phase in self.phases if phase.name == name), None)


class Machine(_Record):
    """Where the run took place."""

    system: str
    python: str
    cpu_count: int
    memory_bytes: int
    cpu_model: str = ""


# A folder's name inside the run: it cannot lead out of it.
ExperimentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}(\.control)?$")]


class Plan(_Record):
    """What one experiment was to try, written before it began; the record must agree with it."""

    scenario: str
    scenario_sha256: str  # of the scenario's text
    configuration: str = ""
    configuration_sha256: str = ""  # of its text; empty where the record is to have none
    claims: list[str]
    control: ExperimentName | None = None  # the experiment that is its control
    is_control: bool = False
    is_simulated: bool = False


class RunManifest(_Record):
    """A run: its experiments in order, and what it ran on."""

    format_version: Literal[1] = FORMAT_VERSION
    name: str
    started_at: str
    finished_at: str | None = None
    seed: int
    commit: str | None
    versions: dict[str, str]
    machine: Machine
    command: list[str]
    experiments: list[ExperimentName]
    plans: dict[ExperimentName, Plan] = Field(default_factory=dict)  # what each was to try

    @model_validator(mode="after")
    def _plans_fit_together(self) -> Self:
        if len(set(self.experiments)) < len(self.experiments):
            raise ValueError("experiments: each name may stand once")
        for name, plan in self.plans.items():
            control = self.plans.get(plan.control) if plan.control else None
            if plan.control is not None and (
                control is None
                or not control.is_control
                or control.scenario_sha256 != plan.scenario_sha256
            ):
                raise ValueError(f"plans.{name}.control: not a control of the same scenario")
            controlled = [other.control for other in self.plans.values()]
            if plan.is_control and name not in controlled:
                raise ValueError(f"plans.{name}: a control of nothing")
        return self


class EvidenceError(Exception):
    """The folder is not a run directory, or its evidence cannot be read."""


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(record.model_dump_json(indent=2) + "\n")
    draft.replace(path)


def read_manifest(run: Path) -> RunManifest:
    """Raises EvidenceError when `run` is not a readable run directory."""
    return _read_record(run / "manifest.json", RunManifest)


def read_experiment(experiment: Path) -> ExperimentRecord:
    """Raises EvidenceError when the experiment's record is missing or damaged."""
    return _read_record(experiment / "experiment.json", ExperimentRecord)


def _read_record(path: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}; is this a run directory?") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(f"{path}: {where}: {first['msg']}") from error


def read_ledger(experiment: Path, name: str) -> pa.Table:
    """One ledger as a table of the schema in LEDGERS; empty when the component wrote none.

    A torn last line, as a killed process leaves it, is passed over, and so is one that its writer
    ended with TORN (ASCII CAN, which no JSON text holds) before it went on. Raises EvidenceError
    when the file is damaged in another way.
    """
    return pa.Table.from_batches(ledger_batches(experiment, name), schema=LEDGERS[name])


def ledger_batches(
    experiment: Path, name: str, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The same a part at a time, checked; of a sealed ledger only `columns` if any are named."""
    schema = LEDGERS[name]
    sealed, open_ = experiment / f"{name}.parquet", experiment / f"{name}.jsonl"
    where = f"{experiment / name}"
    try:
        if sealed.exists():
            rows = ds.dataset(sealed, schema=schema).scanner(columns=columns, batch_readahead=2)
            batches = rows.to_batches()
        elif open_.exists():
            batches = _open_batches(open_, schema)
        else:
            return
        for batch in batches:
            _check_rows(batch, name, where)
            yield batch
    except (OSError, pa.ArrowException, OverflowError, ValueError, TypeError) as error:
        raise EvidenceError(f"{where}: cannot be read: {error}") from error


def sealed_schema(experiment: Path, name: str) -> pa.Schema | None:
    """The columns of a ledger's Parquet file; None while it is open, or when there is none."""
    path = experiment / f"{name}.parquet"
    try:
        return pq.read_schema(path) if path.exists() else None
    except (OSError, pa.ArrowException) as error:
        raise EvidenceError(f"{experiment / name}: cannot be read: {error}") from error


def checked_columns(name: str) -> list[str]:
    """The columns of a ledger that a row can be refused for."""
    return [
        field.name
        for field in LEDGERS[name]
        if not field.nullable or pa.types.is_floating(field.type) or (name, field.name) in WORDS
    ]


def _check_rows(rows: pa.RecordBatch, name: str, where: str) -> None:
    """Refuse rows that a check would silently pass over."""
    for field in LEDGERS[name]:
        if field.name not in rows.schema.names:
            continue
        column = rows[field.name]
        if not field.nullable and column.null_count:
            raise EvidenceError(f"{where}: {column.null_count} rows without {field.name}")
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise EvidenceError(f"{where}: {field.name} is not a finite number in every row")
        known = WORDS.get((name, field.name))
        if known is not None:
            unknown = set(pc.unique(column).to_pylist()) - known
            if unknown:
                raise EvidenceError(
                    f"{where}: {field.name} is {min(map(repr, unknown))[:80]}; "
                    f"known: {', '.join(sorted(known))}"
                )


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a ledger that is still open; a torn last line is passed over.

    Raises EvidenceError when another line is no JSON object.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n") or line.endswith(TORN + b"\n"):
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise EvidenceError(f"{path}:{number}: not JSON") from error
            if not isinstance(row, dict):
                raise EvidenceError(f"{path}:{number}: not a JSON object")
            yield row


def _open_batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows = read_jsonl(path)
    while part := list(itertools.islice(rows, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist(part, schema=schema)


def seal(experiment: Path) -> None:
    """Turn the experiment's finished .jsonl ledgers into Parquet."""
    for name, schema in LEDGERS.items():
        open_ = experiment / f"{name}.jsonl"
        if open_.exists():
            draft = experiment / f"{name}.parquet.draft"
            with pq.ParquetWriter(draft, schema) as file:
                for batch in ledger_batches(experiment, name):
                    file.write_batch(batch)
            draft.replace(experiment / f"{name}.parquet")
            open_.unlink()

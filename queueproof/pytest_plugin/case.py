"""One test's evidence as a run directory, and the verdicts that rest on it.

    ledger, local_sqs, mail_sink, faults  ->  run directory  ->  compliance

Nothing is decided here: the sets, the checks and what makes them inconclusive are `compliance`'s.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from compliance.checks import coherence
from compliance.history import History
from compliance.judge import judge, with_cards
from compliance.verdict import OFFENCES_KEPT, Verdict, decide
from queueproof.machine import this_machine
from queueproof.pytest_plugin.faults import Faults
from queueproof.pytest_plugin.identities import Identities, Row
from queueproof.pytest_plugin.ledger import Ledger
from queueproof.pytest_plugin.local_sqs import LocalSqs
from queueproof.pytest_plugin.mail_sink import MailSink
from scenarios.evidence import ExperimentRecord, Phase, Plan, RunManifest, write_record

POLL_S = 0.05
NO_DUPLICATES = "no-duplicates"
SCENARIO = """\
name = "{name}"
summary = "What a test of somebody's own suite recorded"
claims = [{claims}]

[load]
kind = "recorded"

[expect]
sample_min = 1
"""


class Case:
    """What one test did, from its first fixture on."""

    def __init__(self, folder: Path, test: str, nodeid: str) -> None:
        self.folder = folder
        self.nodeid = nodeid
        self.ledger = Ledger()
        self.sqs: LocalSqs | None = None
        self.sink: MailSink | None = None
        self.faults: Faults | None = None
        self.start_s = time.monotonic()
        self._started_at = _now()
        self._name = _slug(test)
        self._drained: bool | None = None
        self._drain: Phase | None = None
        self._never_empty: dict[str, int] = {}

    def drain(self, timeout_s: float, settle_s: float) -> None:
        """Wait until every queue is empty and what was accepted arrived.

        Faults that would go on for ever end once they fired. When something accepted is missing,
        an empty queue is believed after `settle_s`: a worker may have deleted the message before
        its email arrived.
        """
        start_s = time.monotonic()
        self._drained = None if self.sqs is None else False
        empty_since_s: float | None = None
        while (now_s := time.monotonic()) < start_s + timeout_s:
            if self.faults is not None:
                self.faults.heal_what_fired()
            held = self._held()
            if any(held.values()):
                empty_since_s = None
            else:
                empty_since_s = empty_since_s or now_s
                if not self._missing() or now_s - empty_since_s >= settle_s:
                    self._drained = None if self.sqs is None else True
                    break
            self._never_empty = held
            time.sleep(POLL_S)
        self._drain = Phase(name="drain", start_s=start_s, end_s=time.monotonic())

    def verdict(self, claim: str) -> Verdict:
        """What `queueproof judge` says of this evidence. Drains first if nobody did."""
        self._collect([claim])
        found = next(each for each in judge(self.folder).claims if each.claim == claim)
        return found.verdicts[0]

    def duplicates(self) -> Verdict:
        """Whether any email was delivered twice; nobody has to have sent it twice."""
        self._collect([])
        history = History(self.folder / self._name)
        try:
            sets = history.sets
            reasons = coherence.doubts(history)
            if not sets.delivered:
                reasons.append("nothing was delivered, so nothing could be twice")
            if not history.record.drained:
                reasons.append("the queue was not seen to drain, so second copies may be in it")
            offences = history.offences("duplicated", "delivered more than once", OFFENCES_KEPT)
            verdict = Verdict(
                claim=NO_DUPLICATES,
                experiment=self._name,
                outcome=decide(sets.duplicated, reasons),
                summary=f"{sets.delivered:,} delivered, {sets.duplicated:,} of them twice",
                offences=offences,
                offence_count=sets.duplicated,
                reasons=reasons,
            )
            cards = history.cards([offence.id for offence in offences], replay="")
            return with_cards(verdict, cards, replay="")
        finally:
            history.close()

    def silent_faults(self) -> list[str]:
        """Why the test proves nothing: faults that were to fire and did not."""
        labels = self.faults.silent() if self.faults is not None else []
        return [f"the fault {label} never fired" for label in labels]

    def _held(self) -> dict[str, int]:
        return {} if self.sqs is None else self.sqs.waiting()

    def _missing(self) -> set[str]:
        """Keys that were accepted, and are neither delivered nor parked so far."""
        sender = self.ledger.sender_rows
        identities = Identities(sender)
        accepted = {row["key"] for row in sender if row["kind"] == "ok"}
        arrived = {row["key"] for row in identities.sink_rows(self._sink_rows())}
        parked = {
            identities.key_of(row["dedup_id"])
            for row in identities.queue_rows(self._queue_rows())
            if row["event"] == "parked"
        }
        return accepted - arrived - parked

    def _queue_rows(self) -> list[Row]:
        return [] if self.sqs is None else self._mine(self.sqs.queue_rows)

    def _sink_rows(self) -> list[Row]:
        arrived = [] if self.sink is None else self.sink.rows()
        return self._mine([*arrived, *self.ledger.delivered_rows])

    def _fault_rows(self) -> list[Row]:
        at_sqs = [] if self.sqs is None else self.sqs.fault_rows
        at_sink = [] if self.sink is None else self.sink.fault_rows()
        return self._mine([*at_sqs, *at_sink])

    def _mine(self, rows: Iterable[Row]) -> list[Row]:
        """Those of this test: servers may outlive it."""
        return [row for row in rows if row["at_s"] >= self.start_s]

    def _ledgers(self) -> dict[str, list[Row]]:
        """What everybody saw, each email under one id."""
        sender, queue = self.ledger.sender_rows, self._queue_rows()
        identities = Identities(sender)
        return {
            "sender": identities.sender_rows(sender),
            "queue": identities.queue_rows(queue),
            "sink": identities.sink_rows(self._sink_rows()),
            "faults": identities.fault_rows(self._fault_rows(), queue),
        }

    def _collect(self, claims: Sequence[str]) -> None:
        """Write the run directory anew, with all that is known by now."""
        experiment = self.folder / self._name
        experiment.mkdir(parents=True, exist_ok=True)
        ledgers = self._ledgers()
        if self.sqs is None:
            del ledgers["queue"]
        if self.sink is None and not self.ledger.records_deliveries:
            del ledgers["sink"]
        for name, rows in ledgers.items():
            _write_rows(experiment / f"{name}.jsonl", rows)
        scenario = SCENARIO.format(
            name=self._name, claims=", ".join(json.dumps(claim) for claim in claims)
        )
        write_record(experiment / "experiment.json", self._record(scenario))
        plan = Plan(
            scenario=self._name,
            scenario_sha256=hashlib.sha256(scenario.encode()).hexdigest(),
            claims=list(claims),
        )
        manifest = RunManifest(
            name=self._name,
            started_at=self._started_at,
            finished_at=_now(),
            seed=0,
            commit=None,
            versions={"queueproof": version("queueproof")},
            machine=this_machine(),
            command=["pytest", self.nodeid],
            experiments=[self._name],
            plans={self._name: plan},
        )
        write_record(self.folder / "manifest.json", manifest)

    def _record(self, scenario: str) -> ExperimentRecord:
        now_s = time.monotonic()
        problems = self.silent_faults()
        if self._drained is False:
            held = ", ".join(f"{name} held {n:,}" for name, n in self._never_empty.items() if n)
            problems.append(f"when the time was over, {held or 'the queue had just emptied'}")
        load_end_s = self._drain.start_s if self._drain else now_s
        phases = [Phase(name="load", start_s=self.start_s, end_s=load_end_s)]
        phases.append(Phase(name="drain", start_s=load_end_s, end_s=now_s))
        return ExperimentRecord(
            name=self._name,
            scenario=self._name,
            scenario_toml=scenario,
            seed=0,
            started_at=self._started_at,
            origin_s=self.start_s,
            phases=phases,
            drained=self._drained,
            problems=problems,
            target=self.nodeid,
        )


def _slug(test: str) -> str:
    """The test's name as an experiment's."""
    slug = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")
    return (slug if slug[:1].isalpha() else f"test-{slug}")[:64].rstrip("-")


def _write_rows(path: Path, rows: Iterable[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

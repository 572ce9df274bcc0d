"""The SQLite ledger: several processes, deaths, files that cannot be used, bounded growth."""

import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.clock import VirtualClock
from reference.errors import LedgerError
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.port import Claim, Known, Outcome
from reference.worker.ledger.sqlite import CLAIMS_BETWEEN_SWEEPS, SqliteLedger

# Claims what it can of some emails, as several workers that got the same messages would.
RIVAL = """
import json, sys
from pathlib import Path
from reference.clock import MonotonicClock
from reference.worker.ledger.port import Known, Outcome
from reference.worker.ledger.sqlite import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), MonotonicClock(), retention_s=3600)
print("ready", flush=True)
sys.stdin.readline()
won = []
for number in range(int(sys.argv[2])):
    claim = ledger.claim(f"em_{number}", provider="a", lease_s=60)
    if claim.known is Known.NEW:
        won.append(number)
        ledger.settle(claim, Outcome.SENT)
print(json.dumps(won), flush=True)
sys.stdin.readline()  # stay, with the file open, until killed
"""
EMAILS = 400


def rival(path):
    process = subprocess.Popen(
        [sys.executable, "-c", RIVAL, str(path), str(EMAILS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process):
    process.stdin.write("\n")
    process.stdin.flush()


def end(process):
    process.kill()
    process.communicate()


def test_of_two_processes_one_gets_each_email_and_what_they_wrote_outlives_their_death(
    tmp_path, make_sqlite
):
    path = tmp_path / "deliveries.sqlite3"
    rivals = [rival(path) for _ in range(2)]
    try:
        for process in rivals:
            tell(process)
        won = [json.loads(process.stdout.readline()) for process in rivals]
        for process in rivals:
            os.kill(process.pid, signal.SIGKILL)
    finally:
        for process in rivals:
            end(process)
    assert sorted(won[0] + won[1]) == list(range(EMAILS))
    ledger = make_sqlite()
    states = {ledger.claim(f"em_{n}", provider="a", lease_s=1).known for n in range(EMAILS)}
    assert states == {Known.SENT}


class LooksFirst(SqliteLedger):
    """Planted bug: looks, and takes in a second statement; `between` is what happens meanwhile."""

    def between(self):
        """Nothing, in a test of one worker alone."""

    def claim(self, email_id, *, provider, lease_s):
        rows = self._run("SELECT 1 FROM delivery WHERE email_id = :id", {"id": email_id})
        self.between()
        if rows:
            return Claim(email_id, Known.BUSY)
        values = {"id": email_id, "provider": provider}
        self._run("REPLACE INTO delivery VALUES (:id, 'open', :provider, 1, 't', 9e9, 9e9)", values)
        return Claim(email_id, Known.NEW, "t", provider)


@pytest.mark.parametrize(("kind", "granted"), [(SqliteLedger, 1), (LooksFirst, 2)])
def test_between_looking_and_taking_nobody_else_can_take(make_sqlite, kind, granted):
    """The planted bug shows that two claims of one email would be seen."""
    first, second = make_sqlite(kind), make_sqlite()
    claims = []

    def interfere():
        claims.append(second.claim("em_1", provider="a", lease_s=9))

    if kind is LooksFirst:
        first.between = interfere
    else:
        interfere()
    claims.append(first.claim("em_1", provider="a", lease_s=9))
    assert [claim.known for claim in claims].count(Known.NEW) == granted


def test_rows_are_swept_once_their_message_can_come_no_more(make_sqlite, clock, tmp_path):
    ledger = make_sqlite()
    for number in range(2 * CLAIMS_BETWEEN_SWEEPS):
        ledger.settle(ledger.claim(f"old_{number}", provider="a", lease_s=9), Outcome.SENT)
    clock.advance(86_401)
    for number in range(CLAIMS_BETWEEN_SWEEPS):
        ledger.claim(f"new_{number}", provider="a", lease_s=9)
    with sqlite3.connect(tmp_path / "deliveries.sqlite3") as connection:
        rows = connection.execute("SELECT count(*) FROM delivery").fetchone()
    connection.close()
    assert rows == (CLAIMS_BETWEEN_SWEEPS,)


def test_an_expired_row_that_was_not_swept_yet_counts_for_nothing(make_sqlite, clock):
    ledger = make_sqlite()
    ledger.settle(ledger.claim("em_1", provider="a", lease_s=9), Outcome.UNKNOWN)
    clock.advance(86_400)
    again = ledger.claim("em_1", provider="b", lease_s=9)
    assert (again.known, again.provider, again.unknown) == (Known.NEW, "b", 0)


def test_another_workers_long_write_is_a_ledger_error_that_names_it(
    make_sqlite, tmp_path, monkeypatch
):
    monkeypatch.setattr("reference.worker.ledger.sqlite.BUSY_TIMEOUT_S", 0.05)
    ledger = make_sqlite()
    other = sqlite3.connect(tmp_path / "deliveries.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="SQLITE_BUSY"):
        ledger.claim("em_1", provider="a", lease_s=9)
    other.execute("ROLLBACK")
    other.close()
    assert ledger.claim("em_1", provider="a", lease_s=9).known is Known.NEW


def test_a_full_disk_grants_nothing_and_keeps_what_was_written(make_sqlite, tmp_path):
    ledger = make_sqlite()
    ledger.settle(ledger.claim("em_1", provider="a", lease_s=9), Outcome.SENT)
    # SQLite's own limit stands for the disk's: the file may not grow any more.
    ledger._connection.execute("PRAGMA max_page_count = 1")

    def fill():
        for number in range(1_000):
            ledger.claim(f"em_{number}", provider="a", lease_s=9)

    with pytest.raises(LedgerError, match="SQLITE_FULL"):
        fill()
    assert ledger.claim("em_1", provider="a", lease_s=9).known is Known.SENT


@pytest.mark.parametrize("content", [b"this is not a database, but long enough", None])
def test_a_file_that_is_no_ledger_is_refused(tmp_path, make_sqlite, content):
    path = tmp_path / "other"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content * 40)
    with pytest.raises(LedgerError, match=r"SQLITE_NOTADB|SQLITE_CANTOPEN"):
        make_sqlite(path=path)


# Two workers on a few emails: claims, moves, outcomes of any claim so far, and time.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.sampled_from(["e", "f"]), st.sampled_from("ab")),
        st.tuples(st.just("move"), st.integers(0, 5), st.sampled_from("ab")),
        st.tuples(st.just("settle"), st.integers(0, 5), st.sampled_from(list(Outcome))),
        st.tuples(st.just("wait"), st.sampled_from([5, 10, 600, 900])),
    ),
    max_size=25,
)


@given(STEPS)
def test_it_answers_as_the_ledger_in_memory(tmp_path_factory, steps):
    clock = VirtualClock()
    path = tmp_path_factory.mktemp("ledger") / "deliveries.sqlite3"
    ledgers = [SqliteLedger(path, clock, retention_s=1e9), MemoryLedger(clock)]
    claims = []
    for step, *values in steps:
        match step:
            case "wait":
                clock.advance(values[0])
            case "claim":
                email_id, provider = values
                both = [each.claim(email_id, provider=provider, lease_s=10) for each in ledgers]
                answers = {(one.known, one.provider, one.unknown) for one in both}
                assert len(answers) == 1
                claims.append(both)
            case _ if values[0] < len(claims) and claims[values[0]][0].token:
                pairs = list(zip(ledgers, claims[values[0]], strict=True))
                if step == "settle":
                    for each, claim in pairs:
                        each.settle(claim, values[1])
                else:
                    assert len({each.move(claim, values[1]) for each, claim in pairs}) == 1
    ledgers[0].close()

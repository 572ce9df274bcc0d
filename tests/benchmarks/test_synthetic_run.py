"""The synthetic history is healthy, and not beyond being found faulty."""

import pyarrow.parquet as pq
import pytest

from benchmarks.synthetic_run import CLAIMS, NAME, write_run
from compliance.judge import judge
from compliance.verdict import Outcome

EMAILS = 1_000


@pytest.fixture
def run(tmp_path):
    write_run(tmp_path / "run", EMAILS)
    return tmp_path / "run"


def outcomes(run):
    return {c.claim: c.outcome for c in judge(run).claims if c.outcome is not None}


def test_every_claim_of_a_synthetic_run_is_verified(run):
    assert outcomes(run) == dict.fromkeys(CLAIMS, Outcome.VERIFIED)


@pytest.mark.parametrize(
    ("ledger", "event", "claim"),
    [("sink", None, "no-loss"), ("queue", "stored", "no-false-ack")],
)
def test_a_row_taken_out_is_found(run, ledger, event, claim):
    path = run / NAME / f"{ledger}.parquet"
    table = pq.read_table(path)
    events = table["event"].to_pylist() if event else [None] * len(table)
    taken = events.index(event)
    pq.write_table(table.take([n for n in range(len(table)) if n != taken]), path)
    assert outcomes(run)[claim] is Outcome.REFUTED

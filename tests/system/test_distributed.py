"""A load shared over Locust workers: the same emails, and the same verdicts, as of one process."""

import json
from pathlib import Path

import pytest

from scenarios.evidence import read_experiment, read_ledger

SCENARIO = """
name = "shared"
summary = "A small load that one process or two can make."
claims = ["no-loss", "no-false-ack", "order"]

[load]
kind = "emails"
rate_per_s = 25
duration_s = 3
groups = 4
people = 10
senders = 32

[expect]
sample_min = 30
late_p99_ms_max = 2000 # tests share their cores
"""
SEED = 11

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture(scope="module")
def both(queueproof, tmp_path_factory):
    """The same scenario and seed, made by one process and by two workers."""
    folder = tmp_path_factory.mktemp("both")
    (folder / "shared.toml").write_text(SCENARIO)
    runs = {}
    for name, more in (("alone", []), ("together", ["--distributed", "--workers", "2"])):
        done = queueproof(
            *("run", "shared.toml", "--seed", SEED, "--runs-dir", name, "--quiet", *more),
            cwd=folder,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        runs[name] = Path(folder / name / "latest").resolve()
    return runs


def verdicts(run):
    claims = json.loads((run / "verdicts.json").read_text())["claims"]
    return {claim["claim"]: claim["outcome"] for claim in claims if claim["verdicts"]}


def sent(run):
    """(number, group, when it was due) of each email, without what differs from run to run."""
    start_s = read_experiment(run / "shared").phase("load").start_s
    return sorted(
        (row["key"].rpartition("-")[2], row["group"], round(row["intended_s"] - start_s, 2))
        for row in read_ledger(run / "shared", "sender").to_pylist()
        if row["kind"] == "invoke" and row["attempt"] == 1
    )


def test_both_are_judged_alike(both):
    assert verdicts(both["together"]) == verdicts(both["alone"])
    assert set(verdicts(both["alone"]).values()) == {"verified"}


def test_both_send_the_same_emails_at_the_same_times(both):
    assert sent(both["together"]) == sent(both["alone"])


def test_the_record_says_who_shared_the_load_and_by_which_clocks(both):
    assert read_experiment(both["alone"] / "shared").generators == []
    parts = read_experiment(both["together"] / "shared").generators
    assert [part.index for part in parts] == [0, 1]
    assert all(part.rows > 0 and not part.is_lost for part in parts)
    assert all(abs(part.offset_s) <= part.uncertainty_s for part in parts)  # one host, one clock
    page = (both["together"] / "report.html").read_text()
    assert "The load was shared" in page

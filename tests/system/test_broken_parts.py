"""Parts that are killed, cut off and paused under load: nothing is lost, and the faults did bite.

What shows that they bit is looked for in the control run, too, where nothing is broken: there it
must not be.
"""

import json
import signal
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

SCENARIO = Path(__file__).parent / "scenarios" / "broken-parts.toml"

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture(scope="module")
def run(queueproof, tmp_path_factory):
    """(completed process, run folder)"""
    folder = tmp_path_factory.mktemp("broken")
    done = queueproof("run", SCENARIO, "--quiet", cwd=folder)
    return done, folder / "runs" / "latest"


def rows(run, experiment, ledger):
    return pq.read_table(run[1] / experiment / f"{ledger}.parquet").to_pylist()


@pytest.fixture(params=["broken-parts", "broken-parts.control"])
def experiment(request):
    return request.param


def is_broken(experiment):
    return not experiment.endswith(".control")


def test_the_reference_survives(run):
    done, _ = run
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no-loss       verified" in done.stdout


def test_each_fault_started_fired_and_ended(run, experiment):
    events = {}
    for row in rows(run, experiment, "faults") if is_broken(experiment) else []:
        events.setdefault(row["fault"], []).append(row["event"])
    labels = {"deletes-refused", "worker-killed", "answers-cut", "worker-paused"}
    assert events.keys() == (labels if is_broken(experiment) else set())
    for label, seen in events.items():
        assert (seen[0], seen[-1]) == ("start", "end"), label
        assert "fired" in seen


def test_what_a_killed_or_paused_worker_had_in_hand_is_received_again(run, experiment):
    again = [r for r in rows(run, experiment, "queue") if (r["receive_count"] or 0) > 1]
    assert bool(again) == is_broken(experiment)


def test_what_was_sent_before_the_kill_is_deleted_and_not_sent_again(run):
    """In the ledger of the worker's first life, and so known to its second."""
    killed_s = next(
        row["at_s"]
        for row in rows(run, "broken-parts", "faults")
        if (row["fault"], row["event"]) == ("worker-killed", "fired")
    )
    worker = rows(run, "broken-parts", "worker")
    sent = {r["email_id"] for r in worker if r["event"] == "sent" and r["at_s"] < killed_s}
    deleted = {r["email_id"] for r in worker if r["event"] == "deleted" and r["at_s"] < killed_s}
    in_question = sent - deleted
    assert in_question
    later = [r for r in worker if r["email_id"] in in_question and r["at_s"] > killed_s]
    assert {r["email_id"] for r in later if r["event"] == "deleted"} == in_question
    assert not [r for r in later if r["event"] == "attempted"]


def test_senders_that_heard_nothing_send_again_and_are_absorbed(run, experiment):
    absorbed = [r for r in rows(run, experiment, "queue") if r["event"] == "absorbed"]
    assert bool(absorbed) == is_broken(experiment)


def devices_of(process):
    """This machine's ends of the links into the run's namespaces."""
    return [name for name in psutil.net_if_addrs() if name.startswith(f"qp{process.pid}")]


def descendants(process):
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_in_the_middle_leaves_nothing_behind(queueproof, start, tmp_path, number):
    """A cut link and a stopped worker: neither namespaces, devices nor processes stay."""
    text = SCENARIO.read_text().replace("[control]\nduration_s = 3\n", "")
    text = text.replace("start_s = 5\ndown_s = 2.5", "start_s = 2.6\ndown_s = 60")
    (tmp_path / "cut.toml").write_text(text.replace("start_s = 2.5\nend_s = 5", "start_s = 2.5"))
    run = start("run", "cut.toml")
    run.wait_for("offering 30/s")
    folder = (tmp_path / "runs" / "latest").resolve() / "broken-parts"
    wait_until(lambda: '"worker-paused"' in (folder / "faults.jsonl").read_text())
    children = descendants(run.process)
    assert psutil.STATUS_STOPPED in {child.status() for child in children}
    run.process.send_signal(number)
    run.finish()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    wait_until(lambda: not devices_of(run.process))
    judged = queueproof("judge", folder.parent, "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert json.loads(judged.stdout)["claims"]


def wait_until(condition, timeout_s=20.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)

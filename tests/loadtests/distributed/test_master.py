"""What the master makes of a worker that tells it wrong things, or no more.

In a process of its own: Locust changes the standard library of whoever imports it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import contextlib, io, json, sys
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

from loadtests.distributed import master

master.START_IN_S = 0.0
master.ANSWER_TIMEOUT_S = 0.2


class Clients(dict):
    @property
    def all(self):
        return list(self.values())


class Runner:
    def __init__(self, told, answers_after, is_gathered):
        self.clients = Clients({"n": SimpleNamespace(id="n", state="running")})
        self.told, self.answers_after, self.is_gathered = told, answers_after, is_gathered
        self.has_ended = False

    def register_message(self, kind, hear):
        self.hear = hear

    def send_message(self, kind, order, client_id):
        if order["what"] == "prepare":
            self.tell(what="ready", host="far", is_gathered=self.is_gathered)
        elif order["what"] == "ping" and (self.answers_after or not self.has_ended):
            self.tell(what="pong", theirs_s=master.time.monotonic())
        elif order["what"] == "begin":
            for told in self.told:
                told = dict(told)
                if "lines" in told:
                    told["lines"] = told["lines"].encode()
                self.tell(**told)
            self.has_ended = True

    def tell(self, **data):
        self.hear(None, SimpleNamespace(node_id="n", data=data))

    def quit(self):
        pass


def play(folder, told, answers_after=True, is_gathered=True):
    folder.mkdir(parents=True)
    environment = SimpleNamespace(web_ui=None, process_exit_code=None)
    load = master.MasterLoad(environment, Runner(told, answers_after, is_gathered))
    load.prepare(Namespace(scenario="made-here", ledger_dir=str(folder)))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        load._lead_to_the_end()
    status = json.loads((folder / "generator.json").read_text())
    return {"exit": environment.process_exit_code, "said": said.getvalue(), "status": status}


root = Path(sys.argv[1])
cases = json.load(sys.stdin)
print(json.dumps({name: play(root / name / "run", **case) for name, case in cases.items()}))
"""
WORKED_OFF = {"what": "worked-off", "is_finished": True}
ROW = '{"kind":"ok","at_s":1.0}\n'


def rows(ledger="sender", count=2):
    return {"what": "rows", "ledger": ledger, "lines": ROW * count}


def end(count):
    return {"what": "end", "rows": count}


CASES = {
    "whole": {"told": [WORKED_OFF, rows(), rows("calls", 1), end(3)]},
    "beside": {"told": [WORKED_OFF, end(3)], "is_gathered": False},
    "few": {"told": [WORKED_OFF, rows(), end(3)]},
    "out": {"told": [WORKED_OFF, rows("../planted"), end(2)]},
    "foreign": {"told": [WORKED_OFF, rows("queue"), end(2)]},
    "silent": {"told": [WORKED_OFF, rows(), end(2)], "answers_after": False},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("loads")


@pytest.fixture(scope="module")
def outcomes(root):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(root)],
        input=json.dumps(CASES),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["whole", "beside"])
def test_a_whole_load_is_reported_over(outcomes, name):
    outcome = outcomes[name]
    assert (outcome["exit"], outcome["said"]) == (None, "")
    assert outcome["status"]["finished"]
    (worker,) = outcome["status"]["workers"]
    assert (worker["rows"], worker["is_lost"]) == (3, False)
    assert worker["drift_s"] is not None


def test_a_worker_whose_rows_did_not_all_come_is_lost(outcomes):
    outcome = outcomes["few"]
    (worker,) = outcome["status"]["workers"]
    assert worker["is_lost"]
    assert not outcome["status"]["finished"]
    assert "worker 0 (far) recorded 3 rows, and handed over 2" in outcome["said"]


@pytest.mark.parametrize(("name", "ledger"), [("out", "../planted"), ("foreign", "queue")])
def test_rows_of_no_ledger_of_a_load_are_written_nowhere(outcomes, root, name, ledger):
    outcome = outcomes[name]
    assert outcome["exit"] == 1
    assert f"worker 0 (far): rows of a ledger {ledger!r}" in outcome["said"]
    assert not outcome["status"]["finished"]
    written = [each.name for each in (root / name).rglob("*") if each.suffix == ".jsonl"]
    assert written == []
    assert sorted(Path(each).name for each in root.iterdir()) == sorted(CASES)


def test_a_worker_that_is_lost_after_its_rows_leaves_a_whole_load_of_unknown_drift(outcomes):
    outcome = outcomes["silent"]
    assert outcome["exit"] is None
    (worker,) = outcome["status"]["workers"]
    assert (worker["drift_s"], worker["is_lost"], worker["rows"]) == (None, False, 2)
    assert outcome["status"]["finished"]

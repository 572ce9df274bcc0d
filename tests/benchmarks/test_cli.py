"""The command line: what it lists, refuses, measures, and how it stops."""

import json
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from benchmarks.__main__ import start
from benchmarks.catalog import BENCHES
from benchmarks.cli import main, run_bench
from benchmarks.figures import BenchError, Row, Table
from benchmarks.stage import Bench


def test_list_names_every_bench(capsys):
    assert main(["--list"]) == 0
    named = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert (
        named
        == list(BENCHES)
        == [
            "pipeline",
            "sqs",
            "queues",
            "scanner",
            "scanner-stream",
            "checker",
            "sim",
        ]
    )


def test_a_wrong_name_is_a_usage_error_that_says_the_right_ones(capsys):
    assert main(["sqs", "postman"]) == 2
    assert "no bench named 'postman'; there are pipeline, sqs" in capsys.readouterr().err


def test_a_json_file_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, capsys):
    assert main(["checker", "--quick", "--json", str(tmp_path / "absent" / "speeds.json")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "No such file or directory; choose a file" in shown.err


def test_all_budgets_fit_the_time_of_a_coffee():
    assert sum(bench.budget_s for bench in BENCHES.values()) <= 20 * 60
    assert sum(bench.quick_budget_s for bench in BENCHES.values()) <= 5.5 * 60


def test_a_bench_that_breaks_keeps_its_tables_and_says_why(capsys):
    def run(stage):
        yield Table(title="First", rows=[Row(name="r", unit="s", samples=(1.0,))])
        raise BenchError("the server ended")

    bench = Bench(name="b", summary="", budget_s=1, quick_budget_s=1, run=run)
    report = run_bench(bench, is_quick=True)
    shown = capsys.readouterr()
    assert (report["problem"], len(report["tables"])) == ("the server ended", 1)
    assert "First" in shown.out
    assert "b broke: the server ended" in shown.err


@pytest.mark.xdist_group("live")
def test_a_quick_bench_prints_its_tables_and_writes_them_as_json(tmp_path):
    file = tmp_path / "speeds.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "checker", "--quick", "--json", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cores" in done.stdout.splitlines()[0]
    (bench,) = json.loads(file.read_text())["benches"]
    assert bench["problem"] is None
    assert len(bench["tables"]) == 3
    for table in bench["tables"]:
        assert table["title"] in done.stdout
        assert all(row["figure"] > 0 for row in table["rows"])


@pytest.mark.xdist_group("live")
def test_ctrl_c_stops_everything_that_a_bench_started():
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "sqs", "--quick"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    bench = psutil.Process(process.pid)
    deadline_s = time.monotonic() + 60
    while len(bench.children()) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    children = bench.children()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert errors.strip() == "stopped; everything it started has ended"
    assert len(children) >= 2
    # One whose parent has ended is init's to bury, which may take a moment.
    _, left = psutil.wait_procs(children, timeout=10)
    assert not [child for child in left if child.status() != psutil.STATUS_ZOMBIE]


def test_ctrl_c_while_it_loads_is_no_traceback(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "benchmarks.cli", SimpleNamespace(main=interrupted))
    assert start() == 3

"""What goes wrong is said in a line, with the right exit code, and leaves no process behind."""

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

SCENARIOS = Path(__file__).parent / "scenarios"

pytestmark = pytest.mark.xdist_group("live")


def refused(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    for word in words:
        assert word in done.stderr


def test_unknown_scenario(queueproof, tmp_path):
    refused(queueproof("run", "basline", cwd=tmp_path), "unknown scenario 'basline'", "baseline")
    assert not list(tmp_path.iterdir())


def test_broken_toml(queueproof, tmp_path):
    (tmp_path / "broken.toml").write_text("name = ")
    refused(queueproof("run", "broken.toml", cwd=tmp_path), "broken.toml: not TOML")


def test_wrong_value_in_a_scenario(queueproof, tmp_path):
    text = (
        (SCENARIOS / "small-failure.toml").read_text().replace("rate_per_s = 40", "rate_per_s = 0")
    )
    (tmp_path / "wrong.toml").write_text(text)
    refused(queueproof("run", "wrong.toml", cwd=tmp_path), "load.emails.rate_per_s", "got 0")


def test_runs_folder_that_cannot_be_written(queueproof, tmp_path):
    (tmp_path / "runs").write_text("a file")
    refused(queueproof("run", "baseline", cwd=tmp_path), "runs folder", "--runs-dir")


def test_judging_what_is_no_run(queueproof, tmp_path):
    refused(queueproof("judge", tmp_path, cwd=tmp_path), "is this a run directory")


def test_target_that_is_not_ours(queueproof, tmp_path):
    done = queueproof("run", "baseline", "--target", "http://192.0.2.1:80", cwd=tmp_path)
    refused(done, "--i-own-this-target")


def test_busy_port(queueproof, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(queueproof("up", "--api-port", port, cwd=tmp_path), f"--api-port {port}")


def test_target_that_does_not_answer_is_inconclusive(queueproof, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = queueproof("run", "baseline", "--target", url, "--json", cwd=tmp_path)
    assert done.returncode == 3
    verdict = json.loads(done.stdout)["claims"][0]["verdicts"][0]
    assert any("is not ready" in reason for reason in verdict["reasons"])


def test_ctrl_c_stops_everything_and_keeps_the_evidence(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "small-failure.toml")
    run.wait_for("small-failure: offering 40/s")
    children = run.children().values()
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 3
    assert "the evidence so far is in" in run.log.read_text()
    assert not [child for child in children if child.is_running()]
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "stopped by the user" in judged.stdout


def test_ctrl_c_before_an_experiment_leaves_its_claims_inconclusive(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "small-failure.toml")
    run.wait_for("small-failure.control: offering 40/s")
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 3
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "it was not run" in judged.stdout


def test_sigkill_leaves_no_process_and_readable_evidence(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "small-failure.toml")
    run.wait_for("small-failure: offering 40/s")
    children = list(run.children().values())
    assert len(children) == 5
    os.kill(run.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "it was killed" in judged.stdout


def test_killed_api_is_reported_and_nothing_is_verified(start, tmp_path):
    scenario = (
        (SCENARIOS / "small-failure.toml")
        .read_text()
        .replace("attempts_max = 20", "attempts_max = 3")
    )
    (tmp_path / "small.toml").write_text(scenario)
    run = start("run", "small.toml")
    run.wait_for("offering 40/s")
    run.children()["reference.api"].kill()
    assert run.finish(120) in {1, 3}
    assert "api ended by itself" in (tmp_path / "runs/latest/verdicts.json").read_text()
    assert " verified" not in run.log.read_text().replace("not verified", "")

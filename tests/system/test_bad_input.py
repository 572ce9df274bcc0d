"""What goes wrong is said in a line, with the right exit code, and leaves no process behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
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


@pytest.mark.parametrize("asked", ["", "a\nb", "x" * 100_000])
def test_tracing_what_cannot_be_an_id(queueproof, tmp_path, asked):
    refused(queueproof("trace", asked, cwd=tmp_path), "printable ASCII")


def test_tracing_where_there_is_no_run(queueproof, tmp_path):
    refused(queueproof("trace", "em_1' or 1=1 --", cwd=tmp_path), "is this a run directory")


def test_target_that_is_not_ours(queueproof, tmp_path):
    done = queueproof("run", "baseline", "--target", "http://192.0.2.1:80", cwd=tmp_path)
    refused(done, "--i-own-this-target")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1:x"])
def test_target_that_is_no_url(queueproof, tmp_path, url):
    refused(queueproof("run", "baseline", "--target", url, cwd=tmp_path), "want http://HOST:PORT")


def test_load_that_a_target_cannot_take(queueproof, tmp_path):
    done = queueproof("run", "fifo-limit", "--target", "http://127.0.0.1:1", cwd=tmp_path)
    refused(done, "fifo-limit: only loads of emails")


def test_two_scenarios_of_one_name(queueproof, tmp_path):
    text = (SCENARIOS / "steady.toml").read_text()
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "b.toml").write_text(text.replace("rate_per_s = 40", "rate_per_s = 50"))
    refused(queueproof("run", "a.toml", "b.toml", cwd=tmp_path), "two different scenarios")


def test_folder_in_the_place_of_the_latest_link(queueproof, tmp_path):
    (tmp_path / "runs" / "latest").mkdir(parents=True)
    refused(queueproof("run", "baseline", cwd=tmp_path), "in the way", "move it")


def test_busy_port(queueproof, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(queueproof("up", "--api-port", port, cwd=tmp_path), f"--api-port {port}")
    assert not (tmp_path / "runs").exists()


def test_target_that_speaks_another_protocol_is_inconclusive(queueproof, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()
        greeter = threading.Thread(target=greet, args=(server, stop))
        greeter.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = queueproof("run", "baseline", "--target", url, "--quiet", cwd=tmp_path)
        stop.set()
        greeter.join()
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def greet(server, stop):
    """Answer as a mail server does."""
    server.settimeout(0.1)
    while not stop.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            connection.sendall(b"220 mail.example.com ESMTP\r\n")


def test_target_that_does_not_answer_is_inconclusive(queueproof, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = queueproof("run", "baseline", "--target", url, "--json", cwd=tmp_path)
    assert done.returncode == 3
    verdict = json.loads(done.stdout)["claims"][0]["verdicts"][0]
    assert any("is not ready" in reason for reason in verdict["reasons"])


def test_ctrl_c_stops_everything_and_keeps_the_evidence(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "steady.toml")
    run.wait_for("offering 40/s")
    children = run.children().values()
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 3
    assert "the evidence so far is in" in run.log.read_text()
    assert not [child for child in children if child.is_running()]
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "stopped by the user" in judged.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_ways_to_be_told_to_stop(start, number):
    """A closed terminal, or an operator's kill."""
    run = start("run", SCENARIOS / "steady.toml")
    run.wait_for("offering 40/s")
    children = list(run.children().values())
    run.process.send_signal(number)
    assert run.finish() == 3
    assert not [child for child in children if child.is_running()]


def test_a_reader_that_leaves_does_not_end_the_run(tmp_path):
    with subprocess.Popen(
        [Path(sys.executable).with_name("queueproof"), "run", str(SCENARIOS / "steady.toml")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as run:
        run.stdout.readline()
        run.stdout.close()
        assert run.wait(120) == 0
    assert (tmp_path / "runs" / "latest" / "verdicts.json").exists()


def test_ctrl_c_before_an_experiment_leaves_its_claims_inconclusive(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "small-failure.toml")
    run.wait_for("small-failure.control: offering 40/s")
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 3
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "it was not run" in judged.stdout


def test_sigkill_leaves_no_process_and_readable_evidence(queueproof, start, tmp_path):
    run = start("run", SCENARIOS / "steady.toml")
    run.wait_for("offering 40/s")
    children = list(run.children().values())
    assert len(children) == 5
    os.kill(run.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    judged = queueproof("judge", tmp_path / "runs" / "latest", "--json", cwd=tmp_path)
    assert judged.returncode == 3
    assert "it was killed" in judged.stdout


def test_killed_api_is_reported_and_nothing_is_verified(start, tmp_path):
    text = (SCENARIOS / "steady.toml").read_text()
    (tmp_path / "steady.toml").write_text(f"{text}\n[load.retries]\nattempts_max = 2\n")
    run = start("run", "steady.toml")
    run.wait_for("offering 40/s")
    run.children()["reference.api"].kill()
    assert run.finish(120) == 3  # a killed API loses nothing, so 1 would be a false conviction
    assert "api ended by itself" in (tmp_path / "runs/latest/verdicts.json").read_text()
    assert " verified" not in run.log.read_text()

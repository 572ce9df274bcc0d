"""Real processes: the command line as a user types it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SCENARIOS = Path(__file__).parent / "scenarios"


def run_to_its_end(*arguments, cwd, timeout_s=180):
    return subprocess.run(
        [Path(sys.executable).with_name("queueproof"), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


@pytest.fixture(scope="session")
def queueproof():
    """The console script, run to its end."""
    return run_to_its_end


class Started:
    """The console script, still running."""

    def __init__(self, arguments, cwd):
        self.log = cwd / "output.txt"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("queueproof"), *map(str, arguments)],
                cwd=cwd,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, text, timeout_s=60):
        """Wait until it has said something."""
        deadline_s = time.monotonic() + timeout_s
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline_s, f"{text!r} never came: {self.log.read_text()}"
            time.sleep(0.05)

    def children(self):
        """Its components, by the module or program they run."""
        return {
            next(word for word in child.cmdline()[2:]): child
            for child in psutil.Process(self.process.pid).children()
        }

    def finish(self, timeout_s=60):
        return self.process.wait(timeout_s)


@pytest.fixture
def start(tmp_path):
    """Start the console script; whatever happens, it ends with the test."""
    started = []

    def run(*arguments):
        started.append(Started(arguments, tmp_path))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(30)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """(completed process, run folder) of a small run with faults, a control and a log scan."""
    folder = tmp_path_factory.mktemp("run")
    scenarios = [SCENARIOS / "small-failure.toml", SCENARIOS / "small-scan.toml"]
    done = run_to_its_end("run", *scenarios, "--seed", 3, "--quiet", cwd=folder)
    return done, (folder / "runs" / "latest").resolve()

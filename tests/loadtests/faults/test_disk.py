"""A full disk and a broken log, against real processes."""

import os
import threading
import time

import pytest

from loadtests.faults.disk import STILL_S, CutLog, FullDisk, LogPipe
from loadtests.faults.timeline import FaultError
from loadtests.processes import Components
from loadtests.supervised import Supervised

# Writes a numbered line every 10 ms to its log and to a file, whatever becomes of it.
WRITER = """
import itertools, os, sys, time
file = os.open("journal", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
for n in itertools.count():
    for descriptor in (1, file):
        try:
            os.write(descriptor, b"line %d\\n" % n)
        except OSError:
            pass
    time.sleep(0.01)
"""


def wait_until(condition, timeout_s=10.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


@pytest.fixture
def writer(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "writer.py").write_text(WRITER)
    (tmp_path / "logs").mkdir()
    with Components() as components:

        def start(rig=None):
            part = Supervised(components, "w", ["writer"], folder=tmp_path, env={}, rig=rig)
            part.start()
            return part

        yield start


def test_a_full_disk_stops_every_file_and_gives_it_back(writer, tmp_path):
    part = writer()
    files = [tmp_path / "logs" / "w.log", tmp_path / "journal"]
    wait_until(lambda: all(file.exists() and file.stat().st_size for file in files))
    full = FullDisk(part, files)
    assert not full.has_fired()
    wait_until(full.has_fired)
    sizes = [file.stat().st_size for file in files]
    full.heal()
    wait_until(lambda: all(f.stat().st_size > s for f, s in zip(files, sizes, strict=True)))


def test_files_that_go_on_growing_are_no_full_disk(writer, tmp_path):
    part = writer()
    journal = tmp_path / "journal"
    wait_until(lambda: journal.exists() and journal.stat().st_size)
    full = FullDisk(part, [journal])
    full.heal()
    deadline_s = time.monotonic() + 2 * STILL_S
    while time.monotonic() < deadline_s:
        assert not full.has_fired()
        time.sleep(0.02)


def test_a_process_that_is_gone_cannot_be_limited_and_is_named(writer, tmp_path):
    part = writer()
    part.process.kill()
    with pytest.raises(FaultError, match="cannot limit what process"):
        FullDisk(part, [])


def test_a_log_is_cut_and_mended_while_the_component_runs(writer, tmp_path):
    log = tmp_path / "logs" / "w.log"
    pipe = LogPipe(log)
    part = writer(pipe.rig)
    wait_until(lambda: log.exists() and log.stat().st_size)
    cut = CutLog(pipe)
    assert not cut.has_fired()
    wait_until(cut.has_fired)
    journal_bytes = (tmp_path / "journal").stat().st_size
    wait_until(lambda: (tmp_path / "journal").stat().st_size > journal_bytes)  # it lives
    size_bytes = log.stat().st_size
    cut.heal()
    wait_until(lambda: log.stat().st_size > size_bytes)
    part.process.kill()
    pipe.close()
    assert not list((tmp_path / "logs").glob("*.fifo"))
    assert "log-pipe" not in {thread.name for thread in threading.enumerate()}


def test_nothing_of_the_log_is_lost_when_the_component_ends(tmp_path):
    pipe = LogPipe(tmp_path / "x.log")
    descriptor = os.open(pipe.rig.log, os.O_WRONLY)
    os.write(descriptor, b"last words\n")
    os.close(descriptor)
    pipe.close()
    assert (tmp_path / "x.log").read_bytes() == b"last words\n"

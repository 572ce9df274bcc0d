"""A scan of a stream: findings as lines come, and memory that does not grow with the stream."""

import os
import select
import signal
import subprocess
import sys
import time

import psutil
import pytest

WAIT_S = 60  # a bound on hanging, on a machine with a lot else to do
SCAN = [sys.executable, "-m", "compliance.pii", "-"]


@pytest.fixture
def scan():
    """Starts a scan of standard input; ended after the test, whatever happens."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [*SCAN, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def read_until(process, text):
    """What the scan printed up to the text, while its input stays open."""
    printed = b""
    deadline_s = time.monotonic() + WAIT_S
    while text not in printed:
        left_s = deadline_s - time.monotonic()
        assert left_s > 0, f"after {WAIT_S} s only {printed!r}"
        if select.select([process.stdout], [], [], left_s)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            assert piece, f"ended after {printed!r}"
            printed += piece
    return printed


@pytest.mark.xdist_group("live")
def test_findings_appear_while_the_input_is_open_and_once_for_each_place(scan):
    process = scan("--no-ner", "--format", "jsonl")
    process.stdin.write(b'{"event":"sent","to":"jane@example.com"}\n')
    read_until(process, b"pattern/EMAIL_ADDRESS")
    process.stdin.write(b'{"event":"sent","to":"bob@example.com"}\n' * 3)
    process.stdin.write(b'{"event":"paid","card":"4111111111111111"}\n')
    printed = read_until(process, b"pattern/CREDIT_CARD")
    assert b"EMAIL" not in printed
    process.stdin.close()
    rest = process.stdout.read()
    assert b'"lines":4' in rest
    assert process.wait(WAIT_S) == 1
    assert b"bob" not in printed + rest


@pytest.mark.xdist_group("live")
def test_names_appear_when_the_input_falls_silent(scan):
    process = scan()
    process.stdin.write(b"could not deliver to Maria Gonzalez\n")
    printed = read_until(process, b"ner/PERSON")
    assert b"stdin:1:" in printed
    process.stdin.close()
    assert process.wait(WAIT_S) == 1


@pytest.mark.xdist_group("live")
def test_ctrl_c_ends_the_reading_and_shows_what_was_found(scan):
    process = scan("--no-ner")
    process.stdin.write(b"to jane@example.com\n")
    read_until(process, b"pattern/EMAIL_ADDRESS")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert b"stopped before everything was read" in out
    assert b"Traceback" not in err


@pytest.mark.xdist_group("live")
def test_memory_stays_flat_over_a_long_stream(scan):
    """Lines of 120 bytes; were they kept, the last two thirds would take over 10 MB."""
    process = scan("--no-ner")
    memory = psutil.Process(process.pid)
    sizes_bytes = []
    for part in range(3):
        for n in range(30):
            line = f'{{"event":"sent","n":{part * 30 + n},"note":"{"x" * 80}"}}\n'
            process.stdin.write(line.encode() * 1000)
        sizes_bytes.append(memory.memory_info().rss)
    process.stdin.close()
    assert process.wait(WAIT_S) == 0
    assert sizes_bytes[-1] - sizes_bytes[0] < 8 << 20

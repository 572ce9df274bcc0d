"""What CI asks on every commit starts quickly; every end is an exit code, never a traceback."""

import signal
import subprocess
import sys

import pytest

from queueproof.guard import guarded

START = "import sys; from queueproof.entry import main; main()"
# Says at the end which of the heavy libraries were imported.
WATCHED = """
import atexit, sys
HEAVY = ("altair", "duckdb", "locust", "pyarrow", "typer")
atexit.register(lambda: print("loaded:", [name for name in HEAVY if name in sys.modules]))
from queueproof.entry import main
main()
"""


@pytest.fixture(autouse=True)
def _signals_as_before():
    """`guarded` is the last thing that its process does; here the process goes on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(*arguments, program=START):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["scan", "lint", "audit"])
def test_a_gate_does_not_wait_for_the_load_generator(command):
    ended = run(command, "--help", program=WATCHED)
    assert ended.returncode == 0
    assert f"queueproof {command}" in ended.stdout
    assert "loaded: []" in ended.stdout


def test_the_other_commands_are_there_too():
    ended = run("--help")
    assert ended.returncode == 0
    assert all(command in ended.stdout for command in ("verify", "scan", "lint", "audit"))


def test_an_unknown_command_is_an_error_of_usage():
    assert run("scna").returncode == 2


def test_an_error_of_ours_is_told_by_type_and_place_and_never_by_its_text(capsys):
    def breaks():
        raise KeyError("jane@example.com")

    with pytest.raises(SystemExit) as end:
        guarded(breaks)
    told = capsys.readouterr().err
    assert end.value.code == 3
    assert told.startswith("error: KeyError at test_entry.py:")
    assert "jane" not in told


@pytest.mark.parametrize(
    ("raised", "code"),
    [(ValueError("file, key"), 2), (KeyboardInterrupt(), 3), (SystemExit(130), 3)],
)
def test_usage_and_interruption_have_codes_of_their_own(raised, code, capsys):
    def ends():
        raise raised

    with pytest.raises(SystemExit) as end:
        guarded(ends, (ValueError,))
    assert end.value.code == code

"""What the memory of a stream says, and that a scanner which ends too soon is said."""

import sys
from itertools import repeat

import pytest

from benchmarks.figures import BenchError
from benchmarks.scanner_stream import Limit, Memory, _fed

READS = "import sys\nwhile sys.stdin.buffer.read(1 << 16): pass"
KEEPS = "import sys\nkept = []\nwhile piece := sys.stdin.buffer.read(1 << 16): kept.append(piece)"
BLOCK = b"x" * 99 + b"\n"


def fed(tmp_path, program, blocks=400, block=BLOCK * 10_000):
    limit = Limit(blocks * len(block), 20)
    return _fed(tmp_path / "out.txt", [sys.executable, "-c", program], repeat(block), limit)


def test_growth_is_late_to_early():
    memory = Memory([(100 * n, 50 if n < 10 else 60 + n // 100) for n in range(1, 1001)])
    assert memory.growth == (60 + 10) / (60 + 3)


def test_a_program_that_keeps_nothing_is_flat_and_one_that_keeps_all_is_not(tmp_path):
    assert fed(tmp_path, READS).growth < 1.1
    assert fed(tmp_path, KEEPS).growth > 2


@pytest.mark.parametrize("program", ["pass", "import sys; sys.stdin.read(); sys.exit(3)"])
def test_a_scanner_that_ends_too_soon_or_badly_is_said(tmp_path, program):
    with pytest.raises(BenchError, match="the scanner"):
        fed(tmp_path, program, blocks=3)

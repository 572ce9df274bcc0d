"""Rows of another host: cut into whole lines, and put onto our clock."""

import json

from loadtests.distributed import ledgers
from loadtests.distributed.clocks import Offset


def test_all_moments_of_a_row_and_nothing_else_move_onto_our_clock():
    row = {"at_s": 1005.0, "intended_s": 1004.5, "completed_s": None, "status": 1005, "key": "k"}
    moved = json.loads(ledgers.on_our_clock(json.dumps(row).encode() + b"\n", Offset(1000.0, 0.0)))
    assert moved == row | {"at_s": 5.0, "intended_s": 4.5}


def test_chunks_are_whole_lines_and_leave_out_a_torn_one(tmp_path, monkeypatch):
    monkeypatch.setattr(ledgers, "CHUNK_BYTES", 20)
    path = tmp_path / "sender.jsonl"
    lines = [b'{"at_s":%d}\n' % n for n in range(10)]
    path.write_bytes(b"".join(lines) + b'{"at_')
    parts = list(ledgers.chunks(path))
    assert b"".join(parts) == b"".join(lines)
    assert len(parts) > 1
    assert all(part.endswith(b"\n") for part in parts if part)

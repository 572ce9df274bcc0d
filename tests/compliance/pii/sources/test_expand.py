"""Compressed logs are read by what they are, not by their names, and never without bound."""

import bz2
import contextlib
import gzip
import io
import lzma
import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.pii.sources import Intake, Reading
from compliance.pii.sources.expand import ExpansionError, opened

PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
TEXT = b"".join(b"line %d of the log\n" % n for n in range(5_000))


def read(path, **bounds):
    intake = Intake(Reading(**bounds))
    lines = [line.data for line in intake.lines([path])]
    return [note.what for note in intake.tally.skipped], lines


@pytest.fixture(params=PACKERS)
def pack(request):
    return PACKERS[request.param]


def test_content_is_told_by_its_first_bytes(tmp_path, pack):
    path = tmp_path / "api.log"  # the name says nothing
    path.write_bytes(pack(TEXT))
    skipped, lines = read(path)
    assert skipped == []
    assert lines == TEXT.splitlines()


def test_members_appended_by_rotation_are_all_read(tmp_path, pack):
    path = tmp_path / "api.log.1"
    path.write_bytes(pack(b"one\n") + pack(b"") + pack(b"two\n"))
    assert read(path) == ([], [b"one", b"two"])


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes_and_said(tmp_path, pack):
    path = tmp_path / "cut"
    packed = pack(TEXT)
    path.write_bytes(packed[: len(packed) - 9])
    [why], _ = read(path)
    assert "ends in the middle" in why


def test_corrupt_data_is_said(tmp_path, pack):
    path = tmp_path / "corrupt"
    packed = bytearray(pack(TEXT))
    for n in range(12, min(len(packed), 300)):
        packed[n] ^= 0x5A
    path.write_bytes(packed)
    [why], _ = read(path)
    assert "corrupt" in why or "ends in the middle" in why or "not a text file" in why


def test_other_data_after_the_end_is_said(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n") + b"jane@example.com\n")
    assert read(path) == (["stopped reading: other data follows the gzip data"], [b"one"])


def test_zeros_that_pad_a_gzip_file_are_no_data(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n") + b"\0" * 512)
    assert read(path) == ([], [b"one"])


def test_a_bomb_is_stopped_by_its_ratio_in_little_memory(tmp_path, pack, monkeypatch):
    monkeypatch.setattr("compliance.pii.sources.expand._RATIO_FREE_BYTES", 2 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(pack((b"x" * 4000 + b"\n") * (16 << 8)))
    tracemalloc.start()
    [why], _ = read_without_keeping(path, expansion_ratio_max=100)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "expands more than 100 times" in why
    assert peak_bytes < 48 << 20


def read_without_keeping(path, **bounds):
    intake = Intake(Reading(**bounds))
    count = sum(1 for _ in intake.lines([path]))
    return [note.what for note in intake.tally.skipped], count


def test_a_file_that_expands_beyond_the_size_bound_is_stopped(tmp_path, pack):
    path = tmp_path / "large"
    path.write_bytes(pack(TEXT))
    [why], lines = read(path, expanded_bytes_max=10_000)
    assert "expands to over 10,000 bytes" in why
    assert len(lines) < 5_000


def test_a_log_of_equal_lines_is_no_bomb(tmp_path, pack):
    path = tmp_path / "equal"
    path.write_bytes(pack(b"heartbeat ok\n" * 100_000))
    skipped, count = read_without_keeping(path)
    assert (skipped, count) == ([], 100_000)


def test_what_is_compressed_twice_is_said(tmp_path):
    path = tmp_path / "twice.gz"
    path.write_bytes(gzip.compress(gzip.compress(b"one\n")))
    assert read(path) == (["compressed twice; unpack it first"], [])


LINES = st.lists(st.binary(max_size=60).map(lambda line: line.translate(None, b"\r\n\0\x1b")))


@settings(deadline=None)
@given(parts=st.lists(LINES, min_size=1, max_size=3), name=st.sampled_from(sorted(PACKERS)))
def test_whatever_was_packed_in_however_many_members_comes_out_line_by_line(parts, name):
    plain = [b"".join(line + b"\n" for line in lines) for lines in parts]
    packed = io.BytesIO(b"".join(PACKERS[name](text) for text in plain))
    text = opened(io.BufferedReader(packed), Reading())
    assert text.readlines() == b"".join(plain).splitlines(keepends=True)


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(PACKERS)))
def test_no_bytes_after_a_magic_number_do_worse_than_to_be_refused(data, name):
    packed = io.BytesIO(PACKERS[name](b"")[:4] + data)
    with contextlib.suppress(ExpansionError):
        opened(io.BufferedReader(packed), Reading()).read()

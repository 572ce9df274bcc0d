"""The spend meter stops before the limit, and reads a ledger as it grows."""

from hypothesis import given
from hypothesis import strategies as st

from loadtests.ledger import LedgerWriter
from loadtests.spending import SpendMeter


def ledger(path, rows):
    writer = LedgerWriter(path)
    for kind in rows:
        writer.write(kind=kind, key="k", attempt=1)
    writer.close()


def test_the_attempt_that_would_pass_the_limit_is_not_made(tmp_path):
    meter = SpendMeter(limit_usd=1.0, usd_per_attempt=0.25)
    path = tmp_path / "sender.jsonl"
    meter.follow(path)
    assert meter.why_stop() is None  # nobody wrote anything yet
    ledger(path, ["invoke", "ok", "invoke", "info", "invoke"])
    assert meter.why_stop() is None
    ledger(path, ["invoke"])
    assert meter.why_stop() == (
        "4 attempts cost about $1.0000; one more could pass the spend limit of $1"
    )


def test_the_experiments_of_a_run_share_the_limit(tmp_path):
    meter = SpendMeter(limit_usd=1.0, usd_per_attempt=0.25)
    for name in ("a", "b"):
        path = tmp_path / name
        meter.follow(path)
        ledger(path, ["invoke", "ok", "invoke", "ok"])
        last = meter.why_stop()
    assert last is not None


def test_a_limit_below_one_attempt_allows_none():
    assert SpendMeter(limit_usd=0.1, usd_per_attempt=0.25).why_stop()


@given(cuts=st.lists(st.integers(0, 400), max_size=8).map(sorted))
def test_a_line_that_is_read_in_pieces_counts_once(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("ledger")
    ledger(folder / "whole", ["invoke", "ok"] * 3)
    whole, growing = (folder / "whole").read_bytes(), folder / "growing"
    meter = SpendMeter(limit_usd=0.75, usd_per_attempt=0.25)
    meter.follow(growing)
    for cut in cuts:
        growing.write_bytes(whole[:cut])
        stops = meter.why_stop() is not None
        assert stops == (whole[:cut].count(b"\n") >= 5)  # the third invoke's line has ended

"""The table on a terminal, in a pipe, without colour and where there is little room."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from reports import terminal
from reports.view import build


@pytest.fixture
def printed(baseline_run, judgement):
    def print_it(encoding="utf-8", **options):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
        terminal.render(build(baseline_run, judgement), Console(file=stream, **options))
        stream.flush()
        return raw.getvalue().decode(encoding)

    return print_it


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_pipe_gets_one_whole_plain_line_a_claim(printed, baseline_run):
    *lines, untried, where = printed(width=20).splitlines()
    assert lines == [
        "no-loss      REFUTED       what decided no-loss",
        "order        verified      what decided order",
        "resend-safe  inconclusive  what decided resend-safe",
    ]
    assert untried == "not tried: scale-out (see queueproof compare)"
    assert where == f"report: {baseline_run}/report.html"


def test_a_terminal_gets_colours_unless_it_does_not_want_them(printed, monkeypatch):
    assert "\x1b[1;31mREFUTED" in printed(force_terminal=True, width=100)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in printed(force_terminal=True, width=100)


@pytest.mark.parametrize("width", [20, 40, 71, 72, 120])
def test_no_claim_is_wider_than_the_window(printed, width):
    lines = printed(force_terminal=True, width=width, color_system=None).splitlines()
    claims = [line for line in lines if not line.startswith(("not tried:", "report:"))]
    assert max(map(cell_len, claims)) <= width
    assert "inconclusive" in "".join(claims)


def test_hostile_text_neither_colours_nor_breaks_the_lines(hostile_run):
    run, judgement = hostile_run
    for options in ({}, {"force_terminal": True, "width": 100, "color_system": None}):
        stream = io.StringIO()
        terminal.render(build(run, judgement), Console(file=stream, **options))
        assert "\x1b[31m" not in stream.getvalue()
        assert "\u202e" not in stream.getvalue()


def test_markup_in_a_claim_is_shown_not_obeyed(baseline_run, judgement):
    claims = [judgement.claims[0].model_copy(update={"summary": "[red]5[/red] of [/] lost"})]
    stream = io.StringIO()
    view = build(baseline_run, judgement.model_copy(update={"claims": claims}))
    terminal.render(view, Console(file=stream))
    assert "[red]5[/red] of [/] lost" in stream.getvalue()


def test_a_terminal_that_knows_only_ascii_still_gets_the_table(baseline_run, judgement):
    claims = [judgement.claims[0].model_copy(update={"summary": "x" * 500 + " Zoë 東京"})]
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    view = build(baseline_run, judgement.model_copy(update={"claims": claims}))
    terminal.render(view, Console(file=stream))
    stream.flush()
    assert b"REFUTED" in raw.getvalue()

"""The page: every configuration in every table, honest marks, and no foreign text that acts."""

import json
import re

import pytest

from compliance.pricing.table import load_prices
from compliance.verdict import Outcome
from reports.compare import as_json, html, markdown
from reports.compare.view import build
from reports.model import CpuTable, RunView

HOSTILE = '<script>alert("x")</script> ${7*7} | `rm` @all'


def run_view(name="20260102-compare"):
    return RunView(
        folder="runs/x",
        replay_folder="runs/x",
        name=name,
        outcome=Outcome.VERIFIED,
        outcome_counts={},
        started_at="2026-01-02T03:04:05Z",
        finished_at="2026-01-02T03:07:00Z",
        seed=7,
        commit="abc",
        command="queueproof compare",
        machine=[("Cores", "2")],
        versions=[],
        cpu_count=2,
        cpu=CpuTable([], [], []),
        claims=[],
        untried=[],
        experiments=[],
        elsewhere=[],
    )


@pytest.fixture
def two(make_compared, make_stage, make_verdict):
    order = make_verdict("order", judged=3000, reordered=0)
    loose = make_verdict("order", Outcome.NOT_CLAIMED, judged=3000, reordered=120)
    lost = make_verdict("no-loss", Outcome.REFUTED, offences=[HOSTILE], lost=1)
    fine = make_verdict("no-loss", lost=0)
    held = make_stage(400, reached=300, throttled={"emails.fifo send": 0.25})
    return [
        make_compared("fifo", make_stage(100), held, verdicts=[order, fine]),
        make_compared(
            "standard",
            make_stage(100),
            make_stage(400),
            queue='type = "standard"',
            verdicts=[loose, lost],
            redelivered=3,
            log_files=6,
        ),
    ]


@pytest.fixture
def make_view():
    def make(compared, troubles=(), **run):
        return build(run_view(**run), compared, list(troubles), load_prices())

    return make


def cells(view, title):
    table = next(table for table in view.tables if table.title == title)
    return {
        (name, column): cell
        for name, row in table.rows
        for column, cell in zip(table.columns, row, strict=True)
    }


def test_every_configuration_is_in_every_table_and_curve(two, make_view):
    view = make_view(two)
    for table in view.tables:
        assert [name for name, _ in table.rows] == ["fifo", "standard"]
        assert all(len(row) == len(table.columns) for _, row in table.rows)
    assert [curve.label for curve in view.charts[0].curves] == ["fifo", "standard"]
    assert view.charts[0].curves[0].points == [(100.0, 40.0), (300.0, 40.0)]


def test_the_best_and_the_worst_are_marked(two, make_view):
    view = make_view(two)
    speed, running = cells(view, "Speed"), cells(view, "Running it")
    assert speed["standard", "Reached, emails/s"].mark == "best"
    assert speed["fifo", "Reached, emails/s"].mark == "worst"
    assert "quota" in speed["fifo", "Held up by"].detail
    assert running["fifo", "Log streams to collect"].mark == "best"


def test_what_was_not_judged_is_a_dash_and_never_the_best(make_compared, make_stage, make_view):
    broken = make_stage(400, is_calm=False)
    held = make_stage(400, reached=300, throttled={"emails.fifo send": 0.25})
    view = make_view([make_compared("a", broken), make_compared("b", make_stage(200), held)])
    speed = cells(view, "Speed")
    assert speed["a", "Held up by"].text == "-"
    assert speed["a", "Reached, emails/s"].mark == ""
    told = json.loads(as_json.render(view, [make_compared("a", broken)]))
    assert told["configurations"]["a"]["held_up_by"]["by"] == "not judged"


def test_the_note_names_the_faults_of_this_scenario(make_compared, make_view):
    def note(*faults):
        view = make_view(
            [make_compared("a", faults=faults[0]), make_compared("b", faults=faults[-1])]
        )
        return next(table.note for table in view.tables if table.title == "Safety")

    assert "The same faults for all: down (process kill)." in note(["down (process kill)"])
    assert "No faults were planned." in note([])
    assert "Not all met the same faults." in note([], ["down (process kill)"])
    assert "writes to SQS" not in note([])


def test_what_was_not_claimed_is_shown_as_that_with_its_figure(two, make_view):
    cell = cells(make_view(two), "Safety")["standard", "order"]
    assert (cell.text, cell.detail) == ("not claimed", "120 out of order")
    assert cell.outcome is Outcome.NOT_CLAIMED


def test_what_could_not_be_told_is_never_the_best(make_compared, make_verdict, make_view):
    unsure = make_verdict("no-loss", Outcome.INCONCLUSIVE, lost=0)
    lost = make_verdict("no-loss", Outcome.REFUTED, lost=3)
    less = make_verdict("no-loss", Outcome.REFUTED, lost=1)
    compared = [
        make_compared(name, verdicts=[verdict])
        for name, verdict in (("a", unsure), ("b", lost), ("c", less))
    ]
    safety = cells(make_view(compared), "Safety")
    assert [safety[name, "no-loss"].mark for name in "abc"] == ["", "worst", "best"]


def test_the_page_lets_no_foreign_text_act(two, make_view):
    view = make_view(two, troubles=[HOSTILE], name=HOSTILE)
    page = html.render(view)
    assert page.count("<script>") == 1  # our own
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert len(blocks) == 3
    assert all(json.loads(block) for block in blocks)
    assert "http://" not in re.sub(r"<script>.*</script>", "", page, flags=re.DOTALL)
    assert "<script>" not in markdown.render(view).replace("\\<script\\>", "")


def test_markdown_and_json_tell_the_same(two, make_view):
    view = make_view(two)
    text, told = markdown.render(view), json.loads(as_json.render(view, two))
    for sentence in view.sentences:
        assert sentence in told["sentences"]
    assert "| standard |" in text
    assert told["configurations"]["fifo"]["held_up_by"]["by"] == "quota"
    assert told["configurations"]["standard"]["verdicts"]["no-loss"]["outcome"] == "refuted"
    assert told["configurations"]["fifo"]["reached_per_s"] == 300

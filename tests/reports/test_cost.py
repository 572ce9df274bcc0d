"""The cost section: figures rounded for reading, in every format, and only where there are any."""

import pytest

from compliance.verdict import Judgement
from reports import html, markdown
from reports.cost import usd
from reports.view import build
from scenarios.evidence import seal

NOTHING = Judgement(run="x", claims=[])


@pytest.fixture
def priced_run(baseline_run, ledger_rows):
    """The synthetic run with counted calls: 19 of its 20 emails arrive, in eleven seconds."""
    queue = {"at_s": 1011.5, "source": "queue:emails.fifo"}
    ledger_rows(
        baseline_run / "baseline",
        metrics=[
            queue | {"name": f"admitted_calls.{kind}", "value": count}
            for kind, count in (("send", 38.0), ("receive", 19.0), ("delete", 19.0))
        ],
    )
    seal(baseline_run / "baseline")
    return baseline_run


def test_calls_are_shown_for_a_million_emails_with_what_they_cost(priced_run):
    (experiment,) = build(priced_run, NOTHING).experiments
    sends = experiment.cost.rows[0]
    assert (sends.what, sends.per_million) == (
        "SQS send requests",
        "2,000,000 requests of up to 64 KiB",
    )
    assert sends.usd_per_million == "$1.00"
    assert experiment.cost.provider_usd_per_million == "$100.00"
    assert [month.provider for month in experiment.cost.months] == [
        *("$10.00", "$100.00", "$1,000.00", "$10,000.00"),
    ]
    assert "19 emails in 12 s, at list prices of us-east-1" in experiment.cost.basis
    assert any("only 19 of 20" in note for note in experiment.cost.notes)


def test_the_section_stands_in_the_page_and_in_markdown(priced_run):
    view = build(priced_run, NOTHING)
    for document in (html.render(view), markdown.render(view)):
        assert "SQS send requests" in document
        assert "load balancer" in document
        assert "only 19 of 20" in document


def test_a_run_of_which_nobody_counted_anything_has_no_section(killed_run):
    view = build(killed_run, NOTHING)
    assert [experiment.cost for experiment in view.experiments] == [None, None]
    assert "Cost on AWS" not in html.render(view) + markdown.render(view)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "-"), (0.5, "$0.500"), (0.012345, "$0.0123"), (1, "$1.00"), (12345.678, "$12,345.68")],
)
def test_dollars_are_told_to_the_cent_or_to_three_digits(value, told):
    assert usd(value) == told

"""The card of a counter-example, as every format shows it."""

from compliance.timeline import STEPS_FIRST
from compliance.verdict import Card, Step
from reports import html, markdown
from reports.cards import card_view, text_lines
from reports.view import build


def card(steps, left_out=0):
    return Card(
        experiment="e",
        keys=["k"],
        email_ids=["em_1"],
        message_ids=[],
        group=None,
        seed=7,
        steps=[
            Step(at_s=n / 2, after_s=n / 2 - 1, ledger="sink", what=f"step {n}")
            for n in range(steps)
        ],
        steps_left_out=left_out,
        replay="queueproof run e --seed 7",
    )


def test_lines_have_ids_times_since_origin_and_invoke_and_the_replay():
    lines = list(text_lines(card_view(card(2))))
    assert lines[:3] == ["experiment  e, seed 7", "key         k", "email id    em_1"]
    assert "     0.500    -0.500  provider  step 1" in lines
    assert "faults that were on meanwhile: none" in lines
    assert lines[-1] == "try it again: queueproof run e --seed 7"


def test_a_gap_stands_where_steps_were_left_out():
    lines = list(text_lines(card_view(card(STEPS_FIRST + 20, left_out=1_234))))
    gap = next(n for n, line in enumerate(lines) if "(1,234 steps left out)" in line)
    assert lines[gap - 1].endswith(f"step {STEPS_FIRST - 1}")
    assert lines[gap + 1].endswith(f"step {STEPS_FIRST}")


def test_html_and_markdown_show_the_card_of_each_offence(baseline_run, judgement):
    view = build(baseline_run, judgement)
    page, text = html.render(view), markdown.render(view)
    assert '<details class="card" open>' in page
    assert "What happened to <code>k19</code>: acknowledged, never delivered" in page
    assert "fired on this email 2 times" in page
    assert "What happened to this email" in text
    assert "| 9.500 | +0.000 | sender | e19 |" in text


def test_hostile_text_of_a_card_stays_text(hostile_run, hostile_text):
    view = build(*hostile_run)
    offences = [offence for each in view.elsewhere for offence in each.offences]
    lines = [line for offence in offences for line in text_lines(offence.card)]
    assert lines
    assert not any("\x1b" in line or "\n" in line or "\u202e" in line for line in lines)
    assert "<script>alert" not in html.render(view)

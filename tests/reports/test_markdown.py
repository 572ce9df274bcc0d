"""The Markdown report, above all that foreign text stays text."""

import pytest

from reports import markdown
from reports.markdown import code, escape
from reports.view import build


def test_claims_offences_and_figures_are_in_the_document(baseline_run, judgement):
    document = markdown.render(build(baseline_run, judgement))
    assert "# verify: REFUTED" in document
    assert "| no-loss | **REFUTED** | what decided no-loss<br>*The text of no-loss.* |" in document
    assert "- ` k19 ` acknowledged, never delivered, at 9.510 s" in document
    assert "Not tried in this run: scale-out (see queueproof compare)." in document
    assert "| 20 | 10.0 | 1,510 | 2,010 | 2,010 |" in document


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("no-loss", "no-loss"),
        ("a|b", r"a\|b"),
        ("<b>&", r"\<b\>&amp;"),
        ("[x](http://example.com)", r"\[x\](http:\//example.com)"),
        ("@someone", "@<!-- -->someone"),
        ("`*_~", r"\`\*\_\~"),
    ],
)
def test_markup_links_and_mentions_lose_their_power(text, escaped):
    assert escape(text) == escaped


def test_a_code_span_is_fenced_by_more_backticks_than_it_holds():
    assert code("a``b") == "``` a``b ```"


def test_hostile_text_opens_no_tag_link_or_table_cell(hostile_run):
    run, judgement = hostile_run
    document = markdown.render(build(run, judgement))
    outside_code = [line for line in document.splitlines() if "`" not in line.replace("\\`", "")]
    assert not [line for line in outside_code if "<script" in line.replace("\\<", "")]
    rows = [line.replace("\\|", "") for line in document.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} <= {4, 5, 8}


def test_a_killed_run_says_so(killed_run, judgement):
    document = markdown.render(build(killed_run, judgement))
    assert "**did not finish**" in document
    assert "- killed" in document

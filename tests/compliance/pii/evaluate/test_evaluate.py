"""Figures are right where they can be counted by hand, and the scanner holds what it reached."""

import json

import pytest

from compliance.pii.corpus import Label, LabelledLine
from compliance.pii.evaluate import TARGETS, evaluate, main
from compliance.pii.evaluate.command import render
from compliance.pii.evaluate.engines import ours
from compliance.pii.evaluate.scores import Scores, Share, is_covered


def test_interval_is_wilsons():
    # Wilson 1927; values of 8 of 10 and 10 of 10 at 95 % from R's binom::binom.confint.
    assert Share(8, 10).interval == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert Share(10, 10).interval == pytest.approx((0.7224672, 1.0), abs=1e-6)
    assert Share(0, 0).interval == (0.0, 1.0)


@pytest.mark.parametrize(
    ("others", "covered"),
    [
        ([Label(0, 10, "person")], True),
        ([Label(5, 20, "person")], True),
        ([Label(6, 20, "person")], False),
        ([Label(0, 3, "person"), Label(7, 10, "person")], True),
        ([Label(0, 10, "email")], False),
        ([], False),
    ],
)
def test_half_of_a_span_has_to_be_covered_by_its_kind(others, covered):
    assert is_covered(Label(0, 10, "person"), others) == covered


def test_scores_are_counted_as_by_hand():
    line = LabelledLine(
        "Jane Doe of Köln: jane@example.com",
        (Label(0, 8, "person"), Label(12, 16, "city"), Label(18, 34, "email")),
        "python_text",
        "de_DE",
        "sentence",
    )
    scores = Scores()
    scores.add(line, [Label(0, 4, "person"), Label(12, 16, "address"), Label(18, 22, "person")])
    assert scores.recall("person") == Share(1, 1)
    assert scores.precision("person") == Share(1, 2)
    assert scores.recall("email") == Share(0, 1)
    assert scores.precision("address") == Share(0, 0)  # a city is a question of policy


def test_escaped_values_are_found_in_the_raw_line():
    text = '{"log":"{\\"to_name\\":\\"Wis\\\\u0142awa Szczepa\\\\u0144ska\\"}"}'
    [labels] = ours([text])
    assert [text[label.start : label.end] for label in labels] == [
        "Wis\\\\u0142awa Szczepa\\\\u0144ska"
    ]


@pytest.fixture(scope="module")
def evaluations():
    return [
        evaluate(seed=11, is_held_out=is_held_out, lines=250, clean=600, plain_lines=20)
        for is_held_out in (False, True)
    ]


def test_targets_hold_on_a_sample_of_both_parts(evaluations):
    """The sample is small, so the upper end of the interval has to reach the target."""
    for evaluation in evaluations:
        for kind, target in TARGETS.items():
            assert evaluation.scores.recall(kind).interval[1] >= target, (evaluation.part, kind)
        assert evaluation.scores.clean_flagged.hits <= 3, evaluation.wrong[:3]


def test_the_table_tells_figures_of_both_engines_and_no_held_out_line(evaluations):
    development, held_out = (render(evaluation, show=5) for evaluation in evaluations)
    assert "plain recall" in held_out
    assert "clean lines flagged: " in held_out
    assert "missed " not in held_out
    assert development.count("\n") > held_out.count("\n")


def test_command_prints_json_and_its_exit_code_says_whether_targets_were_reached(capsys):
    code = main(["--lines", "30", "--clean", "20", "--plain", "0", "--part", "held-out", "--json"])
    [told] = json.loads(capsys.readouterr().out)
    assert code == (0 if told["is_good"] else 1)
    assert told["engines"]["ours"]["email"]["recall"]["of"] > 0

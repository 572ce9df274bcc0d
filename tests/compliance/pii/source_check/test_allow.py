"""Inline allows: what they take away, and that a bad one is itself reported."""

import pytest

LEAK = "def send(recipient):\n    print(recipient)"
GOOD = "# pii: allow pii-print until 2026-06-01 because the console is the user's own"


def rules(report):
    return [(finding.rule, finding.spot.line) for finding in report.findings]


def test_an_allow_on_the_line_takes_the_finding_away_and_is_counted(check_code):
    report = check_code(f"{LEAK}  {GOOD}")
    assert (rules(report), report.allowed) == ([], 1)


def test_an_allow_alone_on_the_line_above_counts_too(check_code):
    report = check_code(f"def send(recipient):\n    {GOOD}\n    print(recipient)")
    assert (rules(report), report.allowed) == ([], 1)


def test_an_allow_on_the_last_line_of_a_long_statement_counts(check_code):
    report = check_code(f"def send(recipient):\n    print(\n        recipient,\n    )  {GOOD}")
    assert rules(report) == []


def test_an_allow_holds_on_its_last_day_and_not_on_the_next(check_code):
    assert rules(check_code(f"{LEAK}  {GOOD}")) == []
    late = GOOD.replace("2026-06-01", "2026-05-31")
    assert rules(check_code(f"{LEAK}  {late}")) == [("pii-print", 2), ("pii-allow", 2)]


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("# pii: allow pii-print", "not an allow"),
        ("# pii: allow pii-print until 2030-01-01", "not an allow"),
        ("# pii: allow pii-print until 2030-01-01 because", "not an allow"),
        ("# pii: allow pii-print because it is fine", "not an allow"),
        ("# pii: allow pii-print until soon because it is fine", "not an allow"),
        ("# pii: allow pii-print until 2030-02-30 because it is fine", "2030-02-30 is not a date"),
        ("# pii: allow everything until 2030-01-01 because it is fine", "names no rule"),
        ("# pii: allow pii-allow until 2030-01-01 because it is fine", "names no rule"),
        ("# pii:ok", "not an allow"),
    ],
)
def test_a_bad_allow_allows_nothing_and_is_a_finding(check_code, comment, why):
    report = check_code(f"{LEAK}  {comment}")
    assert rules(report) == [("pii-print", 2), ("pii-allow", 2)]
    assert why in report.findings[1].message


def test_an_allow_of_another_rule_allows_nothing_and_is_unused(check_code):
    other = GOOD.replace("pii-print", "pii-log")
    report = check_code(f"{LEAK}  {other}")
    assert rules(report) == [("pii-print", 2), ("pii-allow-unused", 2)]


def test_text_that_looks_like_an_allow_is_none(check_code):
    report = check_code(f'def send(recipient):\n    print(recipient, "{GOOD}")')
    assert rules(report) == [("pii-print", 2)]
    report = check_code(f'def send(recipient):\n    """\n    {GOOD}\n    """; print(recipient)')
    assert rules(report) == [("pii-print", 4)]

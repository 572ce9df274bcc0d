"""Places come in the order in which they matter."""

import pytest

from compliance.pii.report import Finding, PlaceBook, merged


def finding(level, line, rule="pattern/X"):
    return Finding(
        rule=rule,
        kind="X",
        level=level,
        confidence=1.0,
        source="app.log",
        line=line,
        column=1,
        json_path="",
        template=f"{level} {line}",
        logger=None,
        message_id=None,
        masked="*",
        hash="0",
        form="raw",
    )


@pytest.mark.parametrize(
    "levels", [("note", "warning", "error"), ("warning", "note", "error"), ("error", "note")]
)
def test_errors_come_before_warnings_and_notes_last(levels):
    book = PlaceBook()
    for line, level in enumerate(levels, 1):
        # The less grave, the more lines: the level counts first.
        book.add(finding(level, line), lines=1 + 100 * (level == "note"))
    ranked = sorted(levels, key=("error", "warning", "note").index)
    assert [place.level for place in book.places()] == ranked


def test_of_one_level_the_place_with_most_lines_comes_first():
    book = PlaceBook()
    book.add(finding("warning", 1))
    book.add(finding("warning", 2), lines=3)
    assert [place.lines for place in book.places()] == [3, 1]


def test_nothing_merged_is_a_mistake_of_ours():
    with pytest.raises(AssertionError, match="nothing to merge"):
        merged([])

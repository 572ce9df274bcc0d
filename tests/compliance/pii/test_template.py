"""A template tells the statement that wrote a line, and nothing that was written about anybody."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.pii.record import parse
from compliance.pii.template import TEMPLATE_CHARS_MAX, Span, template_of
from compliance.pii.vocabulary import LOG_WORDS


def template(line, **spans):
    record = parse(line)
    by_path = {leaf.path.removeprefix("$."): leaf for leaf in record.leaves}
    return template_of(record, {by_path[path]: spans[path] for path in spans})


def test_only_log_words_keys_and_logger_survive():
    line = b'{"event":"email to jane failed","logger":"app.worker","to":"miller","n":17}'
    assert template(line) == "{event: email to * failed, logger: app.worker, to: *, n: *}"


def test_a_found_value_shows_as_its_label_even_if_it_is_made_of_log_words():
    line = b'{"event":"your order was accepted today"}'
    shown = template(line, event=[Span(0, 23, "<subject>")])
    assert shown == "{event: <subject> *}"


def test_a_part_of_a_longer_value_hides_the_whole_leaf():
    line = b'{"event":"your order was accepted and sent"}'
    assert template(line, event=[Span(5, 23, "<body>", hides_leaf=True)]) == "{event: <body>}"


def test_text_lines_of_one_statement_are_equal():
    first = template(b"2025-11-24 10:00:00 ERROR send to jane@example.com failed after 12 ms")
    second = template(b"2025-11-25 11:10:09 ERROR send to bob@example.org failed after 7 ms")
    assert first == second == "0-0-0 0:0:0 ERROR send to * failed after 0 ms"


@given(st.text())
def test_any_line_gives_a_short_printable_template_of_known_words(text):
    shown = template(text.encode(errors="replace").replace(b"\n", b" ").replace(b"{", b""))
    assert len(shown) <= TEMPLATE_CHARS_MAX
    assert shown.isprintable()
    assert shown.isascii() or shown.endswith("…")
    words = "".join(c if c.isascii() and c.isalpha() else " " for c in shown).split()
    assert all(word.lower() in LOG_WORDS for word in words)

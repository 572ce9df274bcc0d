"""Foreign text: whatever it holds, one bounded line of harmless characters comes out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.text import shown

# Every code point, lone surrogates as well.
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANYTHING)
def test_nothing_that_acts_on_a_screen_passes(text):
    kept = shown(text, 50)
    assert len(kept) <= 50
    assert {unicodedata.category(c)[0] for c in kept} <= set("LMNPSZ") | {
        unicodedata.category("\N{REPLACEMENT CHARACTER}")[0]
    }
    assert "\n" not in kept
    kept.encode()


@pytest.mark.parametrize("text", ["no-loss", "3 of 1,200", "Zoë 東京", "a <b> & 'c'"])
def test_ordinary_text_stays_as_it_is(text):
    assert shown(text) == text


def test_a_cut_is_shown():
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"


def test_line_breaks_become_spaces_and_escapes_lose_their_power():
    assert shown("a\r\nb\x1b[31mc\u202ed") == "a b\ufffd[31mc\ufffdd"

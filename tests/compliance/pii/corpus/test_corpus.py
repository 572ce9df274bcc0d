"""The corpus is what it says: repeatable, labelled exactly, its held-out part apart."""

import ipaddress
from collections import Counter

import pytest

from compliance.pii.corpus import (
    FORMATS,
    HELD_OUT_FORMATS,
    HELD_OUT_LOCALES,
    KINDS,
    LOCALES,
    Label,
    clean_lines,
    labelled_lines,
    realistic_lines,
)
from compliance.pii.corpus.labels import mark, unmark
from compliance.pii.corpus.statements import STATEMENTS


def test_labels_cover_what_the_formatter_made_of_the_value():
    person, email = mark("person", "Zo\\u00eb"), mark("email", "z@example.com")
    text, labels = unmark(f"to={person} <{email}>")
    assert text == "to=Zo\\u00eb <z@example.com>"
    assert labels == (Label(3, 11, "person"), Label(13, 26, "email"))


@pytest.mark.parametrize("is_held_out", [False, True])
def test_every_kind_format_and_locale_of_a_part_is_in_it_and_no_other(is_held_out):
    lines = list(labelled_lines(400, seed=3, is_held_out=is_held_out))
    kinds = Counter(label.kind for line in lines for label in line.labels)
    assert min(kinds[kind] for kind in KINDS) > 6
    assert {line.format for line in lines} == {
        name for name in FORMATS if (name in HELD_OUT_FORMATS) == is_held_out
    }
    assert {line.locale for line in lines} == {
        name for name in LOCALES if (name in HELD_OUT_LOCALES) == is_held_out
    }
    assert all(
        line.text[label.start : label.end].strip() for line in lines for label in line.labels
    )
    assert not any("q7Z" in line.text for line in lines)


def test_there_are_twenty_formats_and_twelve_locales_of_which_a_third_is_held_out():
    assert len(FORMATS) >= 20
    assert len(LOCALES) == 12
    assert len(HELD_OUT_FORMATS) * 3 >= len(FORMATS) - 1
    assert len(HELD_OUT_LOCALES) * 3 >= len(LOCALES)
    assert sum(said.is_held_out for said in STATEMENTS) * 3 >= len(STATEMENTS)


def test_a_seed_repeats_and_another_differs():
    first, again, other = (
        list(labelled_lines(50, seed=seed, is_held_out=True)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_addresses_reach_nobody_and_ips_are_public():
    for line in labelled_lines(150, seed=4, is_held_out=False):
        for label in line.labels:
            value = line.text[label.start : label.end]
            if label.kind == "email":
                assert value.rpartition("@")[2].partition(".")[2]
                assert "example." in value
            if label.kind == "ip":
                assert ipaddress.ip_address(value).is_global


@pytest.mark.parametrize("is_held_out", [False, True, None])
def test_clean_lines_are_filled_in_and_have_no_label(is_held_out):
    lines = list(clean_lines(300, seed=5, is_held_out=is_held_out))
    assert len({line.format for line in lines}) > 8
    assert not any(line.labels or "<uuid>" in line.text or "<n" in line.text for line in lines)


def test_clean_styles_that_are_held_out_are_in_no_development_line():
    held_out, development = (
        {line.format for line in clean_lines(500, seed=6, is_held_out=part)}
        for part in (True, False)
    )
    assert not held_out & development


def test_a_realistic_log_is_mostly_clean():
    lines = list(realistic_lines(1_000, seed=7, share_personal=0.03))
    assert 10 <= sum(bool(line.labels) for line in lines) <= 60

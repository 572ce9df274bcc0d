"""The gallery can fail: a healthy twin is missed, a broken clean run is flagged."""

import json

import pytest

from queueproof.gallery.catalog import PLANTED, ROOT, Exhibit, Expected
from queueproof.gallery.command import exhibit, exit_code
from queueproof.gallery.rooms import Seen
from queueproof.gallery.show import score
from queueproof.gallery.sight import Sight

STEADY = (str(ROOT / PLANTED / "scenarios" / "steady.toml"),)
EARLY = {"api": "tests.planted.early_202"}
EXPECTED = Expected(claim="no-false-ack", offence="202 before the queue had stored it")


def seen(sight, expected=EXPECTED):
    return Seen(
        Exhibit("x", (), 1, expected=expected), sight, "", "refuted", seconds=1, tries=1, run=None
    )


def test_the_score_counts_twins_and_clean_runs_apart():
    found = [
        seen(Sight.CAUGHT),
        seen(Sight.MISSED),
        seen(Sight.CLEAN, None),
        seen(Sight.FLAGGED, None),
        seen(Sight.UNCLEAR, None),
    ]
    assert score(found) == (
        "1 of 2 broken twins caught; 1 of 3 clean runs flagged; 1 could not be told"
    )


@pytest.mark.parametrize(
    ("sights", "code"),
    [
        ([Sight.CAUGHT, Sight.CLEAN], 0),
        ([Sight.CAUGHT, Sight.UNCLEAR], 3),
        ([Sight.MISSED, Sight.UNCLEAR], 1),
        ([Sight.WRONG_CHECK], 1),
        ([Sight.FLAGGED, Sight.CLEAN], 1),
    ],
)
def test_the_exit_code_is_0_only_when_all_is_as_it_should_be(sights, code):
    assert exit_code([seen(sight) for sight in sights]) == code


@pytest.mark.xdist_group("live")
def test_a_broken_twin_is_caught_and_a_healthy_one_missed_and_a_broken_clean_run_flagged(
    tmp_path, capsys
):
    exhibits = [
        Exhibit("early", STEADY, 1, EARLY, EXPECTED),
        Exhibit("healthy", STEADY, 1, {"api": "reference.api"}, EXPECTED),
        Exhibit("not-clean", STEADY, 1, EARLY),
        Exhibit("no-module", STEADY, 1, {"api": "tests.planted.nobody"}, EXPECTED),
    ]
    code = exhibit(exhibits, jobs=3, runs_dir=tmp_path, as_json=True, quiet=True)
    printed = json.loads(capsys.readouterr().out)
    assert [each["sight"] for each in printed["exhibits"]] == [
        "caught",
        "MISSED",
        "FLAGGED",
        "cannot tell",
    ]
    assert [each["tries"] for each in printed["exhibits"]] == [1, 1, 1, 2]
    assert code == 1

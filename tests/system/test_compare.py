"""Configurations side by side, for real: the one that loses in silence is convicted, beside one
that claims no order and is not judged by it.
"""

import json
from pathlib import Path

import pytest

from compliance.judge import judge
from compliance.verdict import OFFENCES_KEPT
from reports import write_all
from reports.compare.files import is_comparison, write_comparison

SCENARIO = Path(__file__).parent / "scenarios" / "small-compare.toml"

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture(scope="module")
def compared(queueproof, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    done = queueproof(
        *("compare", "apigw-default-200", "standard-worker"),
        *("--scenario", SCENARIO, "--seed", 3, "--json"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["configurations"], folder / "runs" / "latest"


def test_a_gateway_that_always_says_200_is_refuted_and_its_lost_emails_are_named(compared):
    verdicts = compared[0]["apigw-default-200"]["verdicts"]
    assert verdicts["no-loss"]["outcome"] == "refuted"
    lost = verdicts["no-loss"]["figures"]["lost"]
    assert len(verdicts["no-loss"]["offences"]) == min(lost, OFFENCES_KEPT) > 0
    assert verdicts["no-false-ack"]["outcome"] == "refuted"


def test_what_a_standard_queue_does_not_claim_is_not_judged(compared):
    verdicts = compared[0]["standard-worker"]["verdicts"]
    assert verdicts["no-loss"]["outcome"] == "verified"
    assert verdicts["no-false-ack"]["outcome"] == "verified"
    assert verdicts["order"]["outcome"] == "not claimed"
    assert verdicts["order"]["figures"]["judged"] > 0


def test_each_has_figures_of_each_stage_and_a_price(compared):
    for each in compared[0].values():
        assert [stage["is_calm"] for stage in each["stages"]] == [False, True]
        assert each["usd_per_million"] > 0
        assert each["calls"]["send"] >= each["delivered"]


def test_lambda_s_log_streams_are_counted(compared):
    assert compared[0]["apigw-default-200"]["log_files"] > 2
    assert compared[0]["standard-worker"]["log_files"] == 2


def test_the_page_is_written_anew_from_the_folder_alone(compared):
    run = compared[1].resolve()
    first = (run / "compare.json").read_text()
    for name in ("compare.html", "compare.md", "compare.json"):
        (run / name).unlink()
    assert is_comparison(run)
    judgement = judge(run)
    write_comparison(run, judgement, write_all(run, judgement))
    assert (run / "compare.json").read_text() == first
    assert "apigw-default-200 lost emails" in (run / "compare.md").read_text()
    assert (run / "compare.html").exists()

"""Writing the reports: all of them or none, and what is read back is what was judged."""

import pytest

import reports
from compliance.verdict import Judgement
from reports import ReportError
from reports.files import write_all

FILES = ["junit.xml", "report.html", "report.md", "verdicts.json"]


def written(run):
    return sorted(
        path.name for path in run.iterdir() if path.is_file() and path.name != "manifest.json"
    )


def test_all_reports_are_written_and_the_judgement_comes_back_unchanged(baseline_run, judgement):
    view = reports.write_all(baseline_run, judgement)
    assert written(baseline_run) == FILES
    text = (baseline_run / "verdicts.json").read_text()
    assert Judgement.model_validate_json(text) == judgement
    assert view.name == "verify"


def test_writing_again_replaces_the_earlier_reports(baseline_run, judgement):
    write_all(baseline_run, Judgement(run="x", claims=[]))
    write_all(baseline_run, judgement)
    assert "REFUTED" in (baseline_run / "report.md").read_text()
    assert written(baseline_run) == FILES


def test_a_failed_write_leaves_the_earlier_reports_whole(baseline_run, judgement):
    write_all(baseline_run, judgement)
    before = (baseline_run / "report.html").read_bytes()
    (baseline_run / "verdicts.json.draft").mkdir()  # the last draft cannot be written

    with pytest.raises(ReportError, match=r"could not be written: .*is there space"):
        write_all(baseline_run, Judgement(run="x", claims=[]))

    assert (baseline_run / "report.html").read_bytes() == before
    assert not list(baseline_run.glob("*.html.draft"))


def test_text_in_any_script_survives(baseline_run, judgement):
    claim = judgement.claims[0]
    verdicts = [claim.verdicts[0].model_copy(update={"summary": "Zoë 東京"})]
    claims = [claim.model_copy(update={"summary": "Zoë 東京", "verdicts": verdicts})]
    write_all(baseline_run, judgement.model_copy(update={"claims": claims}))
    for name in FILES:
        assert "東京" in (baseline_run / name).read_text(encoding="utf-8")

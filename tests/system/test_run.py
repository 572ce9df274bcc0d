"""The main job in small: a real run is verified, and its evidence convicts when it is changed.

The planted changes are those a sceptic would try: a delivery removed, a 202 invented, one address
in a log.
"""

import base64
import json
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

CLAIMS = ("no-loss", "no-false-ack", "resend-safe", "order", "no-pii-logs")

pytestmark = pytest.mark.xdist_group("live")  # one at a time: they share two cores


def judged(queueproof, run):
    """(exit code, {claim: verdict}) from the evidence alone."""
    done = queueproof("judge", run, "--json", cwd=run.parent)
    claims = json.loads(done.stdout)["claims"]
    return done.returncode, {claim["claim"]: claim for claim in claims if claim["verdicts"]}


@pytest.fixture
def copied_run(finished_run, tmp_path):
    """Without the log scan, whose models take seconds to load."""
    run = shutil.copytree(finished_run[1], tmp_path / "copied")
    shutil.rmtree(run / "small-scan")
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["experiments"].remove("small-scan")
    del manifest["plans"]["small-scan"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    return run


@pytest.fixture
def scanned_run(finished_run, tmp_path):
    """With the log scan."""
    return shutil.copytree(finished_run[1], tmp_path / "copied")


def edit(path, change):
    pq.write_table(change(pq.read_table(path)), path)


def halve(log):
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[: len(lines) // 2]))


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def offences(claim):
    return [offence["id"] for verdict in claim["verdicts"] for offence in verdict["offences"]]


def test_healthy_reference_is_verified_under_faults(finished_run):
    done, run = finished_run
    assert done.returncode == 0, done.stdout + done.stderr
    for claim in CLAIMS:
        assert f"{claim} " in done.stdout
    assert {"report.html", "report.md", "junit.xml", "verdicts.json"} <= {
        path.name for path in run.iterdir()
    }


def test_judge_repeats_the_verdicts_from_evidence_alone(queueproof, finished_run, scanned_run):
    exit_code, claims = judged(queueproof, scanned_run)
    assert exit_code == 0
    stored = json.loads((finished_run[1] / "verdicts.json").read_text())["claims"]
    first = {claim["claim"]: claim for claim in stored if claim["verdicts"]}
    for claim in (*claims.values(), *first.values()):
        for verdict in claim["verdicts"]:
            del verdict["replay"]  # it names the run's folder, and this is a copy
    assert claims == first


def test_a_removed_delivery_refutes_no_loss_and_names_the_email(queueproof, copied_run):
    sink = copied_run / "small-failure" / "sink.parquet"
    removed = pq.read_table(sink)["email_id"][7].as_py()
    edit(sink, lambda table: table.filter(pc.not_equal(table["email_id"], removed)))
    exit_code, claims = judged(queueproof, copied_run)
    assert exit_code == 1
    assert claims["no-loss"]["outcome"] == "refuted"
    assert offences(claims["no-loss"]) == [removed]


def test_an_invented_202_refutes_no_false_ack_and_names_the_email(queueproof, copied_run):
    def invent(table):
        row = {**table.slice(0, 1).to_pylist()[0], "kind": "ok", "key": "ghost"}
        row |= {"email_id": "em_ghost", "attempt": 1, "status": 202}
        return pa.concat_tables([table, pa.Table.from_pylist([row], schema=table.schema)])

    edit(copied_run / "small-failure" / "sender.parquet", invent)
    exit_code, claims = judged(queueproof, copied_run)
    assert exit_code == 1
    assert claims["no-false-ack"]["outcome"] == "refuted"
    assert offences(claims["no-false-ack"]) == ["em_ghost"]


def test_a_second_delivery_refutes_resend_safe(queueproof, copied_run):
    edit(
        copied_run / "small-failure" / "sink.parquet",
        lambda table: pa.concat_tables([table, table.slice(3, 1)]),
    )
    assert judged(queueproof, copied_run)[1]["resend-safe"]["outcome"] == "refuted"


def test_one_address_in_the_worker_log_refutes_no_pii_logs_without_repeating_it(
    queueproof, scanned_run
):
    canaries = (scanned_run / "small-failure" / "canaries.jsonl").read_text().splitlines()
    address = next(c["value"] for c in map(json.loads, canaries) if c["kind"] == "email")
    with (scanned_run / "small-failure" / "logs" / "worker.log").open("a") as log:
        log.write(json.dumps({"level": "error", "event": f"could not send to {address}"}) + "\n")
    done = queueproof("judge", scanned_run, "--json", cwd=scanned_run)
    claims = {claim["claim"]: claim for claim in json.loads(done.stdout)["claims"]}
    assert done.returncode == 1
    assert claims["no-pii-logs"]["outcome"] == "refuted"
    assert offences(claims["no-pii-logs"])[0].startswith("small-failure/logs/worker.log:")
    assert address not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("what", "breaks"),
    [
        ("the control lines", lambda run: (run / "small-scan/logs/control.log").write_text("{}\n")),
        ("half a log", lambda run: halve(run / "small-failure/logs/worker.log")),
        ("a log", lambda run: (run / "small-failure/logs/api.log").unlink()),
        ("another run's log", lambda run: (run / "small-failure/logs/api.log").write_text("x\n")),
    ],
)
def test_a_scan_that_could_not_have_found_anything_is_inconclusive(
    queueproof, scanned_run, what, breaks
):
    breaks(scanned_run)
    exit_code, claims = judged(queueproof, scanned_run)
    assert (exit_code, claims["no-pii-logs"]["outcome"]) == (3, "inconclusive"), what


def test_a_fault_that_never_fired_makes_the_experiment_inconclusive(queueproof, copied_run):
    edit(
        copied_run / "small-failure" / "faults.parquet",
        lambda table: table.filter(pc.not_equal(table["fault"], "answer-lost")),
    )
    exit_code, claims = judged(queueproof, copied_run)
    assert exit_code == 3
    reasons = claims["no-loss"]["verdicts"][0]["reasons"]
    assert reasons == ["the planned fault answer-lost never fired"]


def test_a_control_that_failed_makes_the_experiment_inconclusive(queueproof, copied_run):
    edit(
        copied_run / "small-failure.control" / "sink.parquet",
        lambda table: table.slice(1),
    )
    exit_code, claims = judged(queueproof, copied_run)
    assert exit_code == 3
    assert "the control run is refuted on no-loss" in claims["order"]["verdicts"][0]["reasons"][0]


def test_a_leak_is_found_though_the_canary_file_was_cut(queueproof, scanned_run):
    canaries = (scanned_run / "small-failure" / "canaries.jsonl").read_text()
    phone = next(c["value"] for c in map(json.loads, canaries.splitlines()) if c["kind"] == "phone")
    (scanned_run / "small-failure" / "canaries.jsonl").write_text("")
    with (scanned_run / "small-failure" / "logs" / "api.log").open("a") as log:
        log.write(json.dumps({"event": base64.b64encode(phone.encode()).decode()}) + "\n")
    assert judged(queueproof, scanned_run)[1]["no-pii-logs"]["outcome"] == "refuted"


def test_a_masked_address_is_what_the_claim_asks_for(queueproof, scanned_run):
    canaries = (scanned_run / "small-failure" / "canaries.jsonl").read_text().splitlines()
    address = next(c["value"] for c in map(json.loads, canaries) if c["kind"] == "email")
    with (scanned_run / "small-failure" / "logs" / "api.log").open("a") as log:
        masked = f"{address[0]}***@{address.split('@')[1]}"
        log.write(json.dumps({"level": "info", "event": f"accepted mail for {masked}"}) + "\n")
    assert judged(queueproof, scanned_run)[1]["no-pii-logs"]["outcome"] == "verified"


def test_a_log_scan_of_a_run_that_broke_is_inconclusive(queueproof, scanned_run):
    change_json(scanned_run / "small-failure" / "experiment.json", problems=["api died"])
    assert judged(queueproof, scanned_run)[1]["no-pii-logs"]["outcome"] == "inconclusive"


def test_an_experiment_without_its_record_leaves_its_claims_inconclusive(queueproof, copied_run):
    (copied_run / "small-failure" / "experiment.json").unlink()
    exit_code, claims = judged(queueproof, copied_run)
    assert exit_code == 3
    assert {claims[claim]["outcome"] for claim in CLAIMS[:-1]} == {"inconclusive"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 4711}, "its seed is not what the run's manifest planned"),
        ({"name": "baseline"}, "its name is not"),
        ({"scenario": "baseline"}, "its scenario is not"),
    ],
)
def test_a_record_that_the_manifest_did_not_plan_is_refused(queueproof, copied_run, changes, named):
    change_json(copied_run / "small-failure" / "experiment.json", **changes)
    done = queueproof("judge", copied_run, cwd=copied_run)
    assert done.returncode == 2
    assert named in done.stderr


def test_a_claim_cannot_be_dropped_from_the_scenario(queueproof, copied_run):
    record = copied_run / "small-failure" / "experiment.json"
    text = json.loads(record.read_text())["scenario_toml"].replace('"no-loss", ', "")
    change_json(record, scenario_toml=text)
    done = queueproof("judge", copied_run, cwd=copied_run)
    assert done.returncode == 2
    assert "its scenario's text is not what the run's manifest planned" in done.stderr


def test_an_experiment_that_the_manifest_does_not_list_is_refused(queueproof, copied_run):
    shutil.copytree(copied_run / "small-failure", copied_run / "another")
    done = queueproof("judge", copied_run, cwd=copied_run)
    assert done.returncode == 2
    assert "knows no such experiment" in done.stderr


def test_a_sink_of_another_run_is_not_taken_for_this_one_s(queueproof, copied_run):
    """Keys are of one experiment only, so the control's deliveries are nobody's here."""
    control = copied_run / "small-failure.control" / "sink.parquet"
    shutil.copy(control, copied_run / "small-failure" / "sink.parquet")
    assert judged(queueproof, copied_run)[1]["no-loss"]["outcome"] == "refuted"


def test_report_writes_the_pages_anew(queueproof, copied_run):
    (copied_run / "report.html").unlink()
    assert queueproof("report", copied_run, cwd=copied_run).returncode == 0
    assert "<title>" in (copied_run / "report.html").read_text()


def test_nothing_that_was_printed_or_reported_repeats_a_canary(finished_run):
    done, run = finished_run
    shown = done.stdout + done.stderr
    for name in ("report.html", "report.md", "junit.xml", "verdicts.json"):
        shown += (run / name).read_text()
    for log in (run / "small-failure" / "logs").iterdir():
        shown += log.read_text()
    canaries = (run / "small-failure" / "canaries.jsonl").read_text().splitlines()
    assert canaries
    for canary in map(json.loads, canaries):
        assert canary["value"] not in shown, canary["kind"]

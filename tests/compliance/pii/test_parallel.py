"""Scans in parts say what one scan says."""

import pytest
from dask.distributed import LocalCluster

from compliance.pii import Canary, Scanner, ScanSettings, cli, dask_scan, parallel
from compliance.pii.dask_scan import DaskError, scan_on_dask
from compliance.pii.parallel import batches, scan_in_processes
from compliance.pii.report import ScanReport
from compliance.pii.sources import file_part

JANE = Canary("email", "jane.doe@example.com")
CARD = Canary("card", "4111111111111111")
SETTINGS = ScanSettings(patterns=False, names=False, salt=b"0123456789abcdef")


@pytest.fixture
def archive(tmp_path):
    """Six files, four of which leak the same way, one another way; and one that is no log."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for n in range(6):
        lines = ['{"event":"started"}'] * (10 + n)
        if n < 4:
            lines.append('{"event":"sent","to":"jane.doe@example.com"}')
        if n == 5:
            lines.append('{"event":"charged","card":"4111111111111111"}')
        (folder / f"api-{n}.log").write_text("\n".join(lines) + "\n")
    (folder / "core.bin").write_bytes(b"\x7fELF\0\0")
    return folder


def told(report: ScanReport):
    return (
        sorted(
            (place.rule, place.template, place.json_path, place.lines) for place in report.places
        ),
        report.lines_read,
        report.bytes_read,
        sorted(report.sources),
        sorted((note.source, note.what) for note in report.skipped),
        {finding.hash for finding in report.findings},
    )


def test_batches_hold_every_file_once_and_are_of_about_equal_size(archive):
    plan, tally = batches([archive, archive / "api-0.log", "-", "cloudwatch:g"], SETTINGS, 3)
    files = [name for batch in plan for name in batch if name not in {"-", "cloudwatch:g"}]
    assert len(files) == len(set(files)) == 7
    assert plan[:2] == [("-",), ("cloudwatch:g",)]
    assert len(plan) == 5
    assert tally.skipped == []


@pytest.mark.xdist_group("live")
def test_parts_of_one_file_find_what_one_scan_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(file_part, "PART_BYTES_MIN", 1_000)
    log = tmp_path / "api.log"
    rows = ['{"event":"started"}'] * 40 + ['{"event":"sent","to":"jane.doe@example.com"}']
    log.write_text("\n".join(rows * 20) + "\n")
    whole = Scanner([JANE], SETTINGS).scan([log])
    plan, _ = batches([log], SETTINGS, 6)
    parts = scan_in_processes([log], [JANE], SETTINGS, 2)
    assert len(plan) == 6
    assert told(parts) == told(whole)
    assert {f.line for f in parts.findings} <= {41 * n for n in range(1, 21)}


@pytest.mark.xdist_group("live")
def test_processes_find_what_one_scan_finds(archive):
    whole = Scanner([JANE, CARD], SETTINGS).scan([archive, archive / "none.log"])
    parts = scan_in_processes([archive, archive / "none.log"], [JANE, CARD], SETTINGS, 2)
    assert told(parts) == told(whole)
    assert parts.canaries_known == 2
    assert len(whole.places) == 2


def test_nothing_to_scan_is_an_incomplete_report(tmp_path):
    report = scan_in_processes([tmp_path], [JANE, CARD], SETTINGS, 2)
    assert (report.lines_read, report.is_complete, report.canaries_known) == (0, False, 2)


def test_names_of_files_that_could_not_be_planned_are_shown_without_values(tmp_path):
    report = scan_in_processes([tmp_path / "jane.doe@example.com.log"], [JANE, CARD], SETTINGS, 2)
    assert "jane" not in str(report.as_dict())
    assert ">.log" in report.skipped[0].source


@pytest.mark.xdist_group("live")
@pytest.mark.filterwarnings("default")  # of Dask's own shutdown
def test_a_dask_cluster_of_two_processes_finds_what_one_scan_finds(archive):
    whole = Scanner([JANE, CARD], SETTINGS).scan([archive])
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        parts = scan_on_dask([archive], [JANE, CARD], SETTINGS, cluster.scheduler_address)
    assert told(parts) == told(whole)


def test_without_a_scheduler_it_is_said(archive, monkeypatch):
    monkeypatch.setattr("compliance.pii.dask_scan.CONNECT_TIMEOUT_S", 0.2)
    with pytest.raises(DaskError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9;"):
        scan_on_dask([archive], [], SETTINGS, "tcp://127.0.0.1:9")


def test_without_dask_it_is_said_how_to_install_it(archive, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("compliance.pii.dask_scan.quiet_import", missing)
    with pytest.raises(DaskError, match=r"pip install 'queueproof\[dask\]'"):
        scan_on_dask([archive], [], SETTINGS, "tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (["a.log", "--jobs", "3"], "3 processes"),
        (["a.log", "--jobs", "3", "--format", "jsonl"], "3 processes"),
        (["a.log", "--dask", "tcp://x:1"], "tcp://x:1"),
        (["a.log"], "one"),
        (["-", "--jobs", "3"], "one"),  # no other process has this one's standard input
    ],
)
def test_the_command_line_chooses_who_scans(monkeypatch, tmp_path, arguments, used):
    monkeypatch.chdir(tmp_path)
    report = Scanner(settings=SETTINGS).scan(())
    chosen = []

    def choose(name):
        chosen.append(name)
        return report

    monkeypatch.setattr(parallel, "scan_in_processes", lambda *a: choose(f"{a[3]} processes"))
    monkeypatch.setattr(dask_scan, "scan_on_dask", lambda *a: choose(a[3]))
    monkeypatch.setattr(cli.Scanner, "scan", lambda *a: choose("one"))
    assert cli.main(arguments) == 3  # nothing was read
    assert chosen == [used]

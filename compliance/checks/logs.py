"""no-pii-logs: nothing personal in the logs that API and worker wrote under load and fault.

The run's own people are canaries, matched exactly; Presidio and spaCy look for anyone else. A log
that is empty, belongs to another run, or is read by a scanner that misses the planted control line
proves nothing.
"""

from collections.abc import Iterable
from pathlib import Path

from compliance.history import History
from compliance.pii import Canary, Place, Scanner, ScanReport, load_canaries
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide
from scenarios.evidence import EvidenceError
from scenarios.model import LogScan

CLAIM = "no-pii-logs"
CONTROL_LOG = "control.log"
WHAT_CHARS_MAX = 300
SAMPLED_IDS = 200  # of each run: enough to tell whether a log speaks of it


def check_logs(run: Path, history: History) -> Verdict:
    """Scan the logs that the experiment names, in its sibling folders and its own control."""
    load = history.scenario.load
    assert isinstance(load, LogScan), "only a log scan is judged by its logs"
    sources = [run / name for name in load.of]
    logs = [source / "logs" / f"{part}.log" for source in sources for part in load.components]
    control = history.folder / "logs" / CONTROL_LOG
    doubts = [f"{run.name}: {_shown(log, run)} is missing" for log in logs if not log.exists()]
    present = [log for log in logs if log.exists()]
    scanner = Scanner(canaries=_canaries(sources))
    if not scanner.scan([control]).canary_lines:
        doubts.append("the planted control line was not found, so a leak might not be either")
    report = scanner.scan(present)
    doubts += [f"{note.source}: {note.what}" for note in report.skipped]
    for source in sources:
        doubts += _not_of_this_run(source, [log for log in present if source in log.parents])
    if history.record.interrupted:
        doubts.append(f"the experiment did not run to its end: {history.record.interrupted}")
    lines = sum(place.lines for place in report.places)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(lines, doubts),
        summary=_summary(report, len(present), lines),
        figures={
            "lines": report.lines_read,
            "bytes": report.bytes_read,
            "logs": len(present),
            "places": len(report.places),
            "lines_with_findings": lines,
            "distinct_skeletons": report.distinct_skeletons,
        },
        offences=[_offence(place, run) for place in report.places[:OFFENCES_KEPT]],
        offence_count=lines,
        reasons=doubts,
    )


def _offence(place: Place, run: Path) -> Offence:
    first = place.findings[0]
    where = f"{_shown(Path(first.source), run)}:{first.line}"
    what = f"{place.rule} {first.masked}, in {place.lines:,} lines like: {place.template}"
    return Offence(id=where, what=what[:WHAT_CHARS_MAX])


def _canaries(sources: Iterable[Path]) -> list[Canary]:
    """The people of all scanned runs, each once."""
    files = [source / "canaries.jsonl" for source in sources]
    try:
        found = {canary for file in files if file.exists() for canary in load_canaries(file)}
    except ValueError as error:
        raise EvidenceError(str(error)) from error
    return sorted(found, key=lambda canary: (canary.kind, canary.value))


def _not_of_this_run(source: Path, logs: list[Path]) -> list[str]:
    """Whether each log names emails that this very run had accepted."""
    history = History(source)
    try:
        rows = history.rows(
            "select email_id from acknowledged where email_id is not null order by key limit $n",
            n=SAMPLED_IDS,
        )
    finally:
        history.close()
    ids = [email_id.encode() for (email_id,) in rows]
    return [
        f"{source.name}/logs/{log.name} names none of the run's emails: is it the right log?"
        for log in logs
        if not _mentions(log, ids)
    ]


def _mentions(log: Path, ids: list[bytes]) -> bool:
    with log.open("rb") as lines:
        return any(email_id in line for line in lines for email_id in ids)


def _summary(report: ScanReport, logs: int, lines: int) -> str:
    scanned = f"{report.lines_read:,} lines of {logs} logs ({report.bytes_read / 1e6:.1f} MB)"
    if not lines:
        return f"0 findings in {scanned}"
    rules = ", ".join(sorted({place.rule for place in report.places})[:5])
    return f"{len(report.places):,} places, {lines:,} of {scanned}: {rules}"


def _shown(path: Path, run: Path) -> str:
    return str(path.relative_to(run)) if path.is_relative_to(run) else path.name

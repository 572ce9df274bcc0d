"""no-pii-logs: nothing personal in the logs that API and worker wrote under load and fault.

The run's own people are canaries, matched exactly; Presidio and spaCy look for anyone else. A log
that is empty, belongs to another run, or is read by a scanner that misses the planted control line
proves nothing.
"""

from collections.abc import Iterable
from pathlib import Path

from compliance.history import History
from compliance.pii import Canary, Finding, Scanner, ScanReport, load_canaries
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide
from scenarios.evidence import EvidenceError
from scenarios.model import LogScan

CLAIM = "no-pii-logs"
CONTROL_LOG = "control.log"
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
    report = Scanner(canaries=_canaries(sources)).scan([*present, control])
    findings, control_found = _apart(report.findings, control)
    doubts += [f"{source}: {why}" for source, why in report.skipped]
    if not control_found:
        doubts.append("the planted control line was not found, so a leak might not be either")
    for source in sources:
        doubts += _not_of_this_run(source, [log for log in present if source in log.parents])
    if history.record.interrupted:
        doubts.append(f"the experiment did not run to its end: {history.record.interrupted}")
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(len(findings), doubts),
        summary=_summary(report, len(present), findings),
        figures={
            "lines": report.lines_read,
            "bytes": report.bytes_read,
            "logs": len(present),
            "findings": len(findings),
            "distinct_skeletons": report.distinct_skeletons,
        },
        offences=[
            Offence(
                id=f"{_shown(Path(finding.source), run)}:{finding.line}",
                what=f"{finding.rule} {finding.masked} in {finding.template}"[:200],
            )
            for finding in findings[:OFFENCES_KEPT]
        ],
        offence_count=len(findings),
        reasons=doubts,
    )


def _canaries(sources: Iterable[Path]) -> list[Canary]:
    """The people of all scanned runs, each once."""
    files = [source / "canaries.jsonl" for source in sources]
    try:
        found = {canary for file in files if file.exists() for canary in load_canaries(file)}
    except ValueError as error:
        raise EvidenceError(str(error)) from error
    return sorted(found, key=lambda canary: (canary.kind, canary.value))


def _apart(findings: Iterable[Finding], control: Path) -> tuple[list[Finding], bool]:
    """Findings outside the control log, and whether a canary was found inside it."""
    outside = [finding for finding in findings if Path(finding.source) != control]
    inside = [finding for finding in findings if Path(finding.source) == control]
    return outside, any(finding.rule.startswith("canary/") for finding in inside)


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


def _summary(report: ScanReport, logs: int, findings: list[Finding]) -> str:
    scanned = f"{report.lines_read:,} lines of {logs} logs"
    if findings:
        rules = sorted({finding.rule for finding in findings})
        return f"{len(findings):,} findings in {scanned}: {', '.join(rules[:5])}"
    return f"0 findings in {scanned} ({report.bytes_read / 1e6:.1f} MB)"


def _shown(path: Path, run: Path) -> str:
    return str(path.relative_to(run)) if path.is_relative_to(run) else path.name

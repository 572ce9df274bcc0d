"""no-pii-logs: nothing personal in the logs that API and worker wrote under load and fault.

The run's own people are canaries, matched exactly; Presidio and spaCy look for anyone else. A log
that is cut, belongs to another run, or is read by a scanner that misses one of the planted control
lines proves nothing.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from compliance.history import History
from compliance.pii import Canary, Place, Scanner, ScanReport
from compliance.verdict import OFFENCES_KEPT, Offence, Verdict, decide
from scenarios.arrivals import canaries, synthetic_people
from scenarios.evidence import EvidenceError
from scenarios.model import EmailLoad, LogScan

CLAIM = "no-pii-logs"
CONTROL_LOG = "control.log"
WHAT_CHARS_MAX = 300
NAMED_SHARE_MIN = 0.95  # of the accepted emails; a killed component loses its last lines
CONTROL_DETECTORS = ("canary", "pattern", "ner")
_WORD = re.compile(rb"[A-Za-z0-9_-]{8,128}")


def check_logs(run: Path, history: History) -> Verdict:
    """Scan the logs that the experiment names, in its sibling folders and its own control."""
    load = history.scenario.load
    assert isinstance(load, LogScan), "only a log scan is judged by its logs"
    scanned = [_Scanned(run / name, load.components) for name in load.of]
    logs = [log for source in scanned for log in source.logs]
    canaries = {canary for source in scanned for canary in source.canaries}
    scanner = Scanner(canaries=sorted(canaries, key=lambda each: (each.kind, each.value)))
    doubts = [doubt for source in scanned for doubt in source.doubts]
    doubts += blind_spots(scanner.scan([history.folder / "logs" / CONTROL_LOG]))
    report = scanner.scan(logs)
    doubts += [f"{note.source}: {note.what}" for note in report.skipped]
    if history.record.interrupted:
        doubts.append(f"the experiment did not run to its end: {history.record.interrupted}")
    # A note says that a mask fits somebody: masking is what the claim asks for.
    places = [place for place in report.places if place.level != "note"]
    lines = sum(place.lines for place in places)
    return Verdict(
        claim=CLAIM,
        experiment=history.record.name,
        outcome=decide(lines, doubts),
        summary=_summary(report, len(logs), places),
        figures={
            "lines": report.lines_read,
            "bytes": report.bytes_read,
            "logs": len(logs),
            "places": len(places),
            "lines_with_findings": lines,
            "distinct_skeletons": report.distinct_skeletons,
        },
        offences=[_offence(place, run) for place in places[:OFFENCES_KEPT]],
        offence_count=lines,
        reasons=doubts,
    )


class _Scanned:
    """One experiment's logs: which there are, who is in them, and why they may not tell."""

    def __init__(self, folder: Path, components: Sequence[str]) -> None:
        self.canaries: set[Canary] = set()
        self.doubts: list[str] = []
        named = {component: component_logs(folder, component) for component in components}
        self.logs = [log for logs in named.values() for log in logs]
        self.doubts += [
            f"{folder.name}/logs/{component}.log is missing"
            for component, logs in named.items()
            if not logs
        ]
        try:
            history = History(folder)
        except EvidenceError as error:
            self.doubts.append(str(error))
            return
        try:
            load, record = history.scenario.load, history.record
            if record.interrupted or record.problems:
                why = record.interrupted or record.problems[0]
                self.doubts.append(f"{folder.name} did not run as planned: {why}")
            if isinstance(load, EmailLoad):
                # From the seed, not from a file that somebody may have shortened.
                people = synthetic_people(load.people, record.seed)
                self.canaries = {Canary(kind, value) for kind, value in canaries(people)}
            ids = {
                email_id
                for (email_id,) in history.rows(
                    "select distinct email_id from acknowledged where email_id is not null"
                )
            }
        finally:
            history.close()
        self.doubts += [doubt for logs in named.values() if (doubt := _too_short(logs, ids))]


def component_logs(folder: Path, component: str) -> list[Path]:
    """A component's log, and the streams of those that write more than one, as Lambda does."""
    logs = folder / "logs"
    return [
        *(log for log in [logs / f"{component}.log"] if log.is_file()),
        *sorted((logs / component).rglob("*.log")),
    ]


def _too_short(logs: Sequence[Path], ids: set[str]) -> str | None:
    """Why a component's logs do not cover its run: each accepted email should be named there."""
    if not logs:
        return None  # that they are missing is told already
    named: set[str] = set()
    for log in logs:
        with log.open("rb") as lines:
            for line in lines:
                named.update(word.decode() for word in _WORD.findall(line))
    share = len(ids & named) / len(ids) if ids else 0.0
    if share >= NAMED_SHARE_MIN:
        return None
    first = logs[0]
    return (
        f"{first.parent.parent.name}/logs/{first.name} names {share:.0%} of the accepted emails, "
        f"under {NAMED_SHARE_MIN:.0%}: is it the whole log?"
    )


def blind_spots(report: ScanReport, detectors: Sequence[str] = CONTROL_DETECTORS) -> list[str]:
    """What the scanner did not find of what was planted for it."""
    found = {place.rule.split("/")[0] for place in report.places}
    return [
        f"the planted control line was not found by {detector}, so a leak might not be either"
        for detector in detectors
        if detector not in found
    ]


def _offence(place: Place, run: Path) -> Offence:
    first = place.findings[0]
    where = f"{_shown(Path(first.source), run)}:{first.line}"
    what = f"{place.rule} {first.masked}, in {place.lines:,} lines like: {place.template}"
    return Offence(id=where, what=what[:WHAT_CHARS_MAX])


def _summary(report: ScanReport, logs: int, places: Sequence[Place]) -> str:
    scanned = f"{report.lines_read:,} lines of {logs} logs ({report.bytes_read / 1e6:.1f} MB)"
    if not places:
        return f"0 findings in {scanned}"
    lines = sum(place.lines for place in places)
    rules = ", ".join(sorted({place.rule for place in places})[:5])
    return f"{len(places):,} places, {lines:,} of {scanned}: {rules}"


def _shown(path: Path, run: Path) -> str:
    return str(path.relative_to(run)) if path.is_relative_to(run) else path.name

"""What a scan answers: places, each with its first findings and a count, and no value of a log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any, TypeVar

from compliance.pii.outputs import LEVELS
from compliance.pii.sources import Note

FINDINGS_PER_PLACE = 3
# A log in which every line is a place of its own must not fill the memory.
PLACES_MAX = 10_000
OTHER_PLACES = "(further places, not told apart)"
T = TypeVar("T")
PlaceKey = tuple[str, str, str]  # template, rule, JSON path


@dataclass(frozen=True)
class Finding:
    """One value in one line."""

    rule: str  # canary/email, pattern/EMAIL_ADDRESS, ner/PERSON
    kind: str
    level: str  # error | warning | note
    confidence: float  # 0 to 1
    source: str
    line: int  # from 1
    column: int  # from 1, in characters; 0 when the value shows only after decoding
    json_path: str  # $.to[*]; empty for plain text
    template: str
    logger: str | None
    message_id: str | None
    masked: str
    hash: str  # equal values have equal hashes within one scan
    form: str  # raw, json, base64, part raw ...


@dataclass(frozen=True)
class Place:
    """Findings of one rule that one log statement wrote, as template and JSON path tell."""

    rule: str
    kind: str
    level: str  # error | warning | note
    template: str
    json_path: str
    lines: int
    findings: tuple[Finding, ...]  # the first FINDINGS_PER_PLACE


@dataclass(frozen=True)
class ScanReport:
    """All that is known after a scan. `skipped` means lost coverage; `notes` do not."""

    places: tuple[Place, ...]
    lines_read: int
    bytes_read: int
    distinct_skeletons: int  # shapes of lines; of a long scan, those of its richest epoch
    sources: tuple[str, ...]
    skipped: tuple[Note, ...]
    notes: tuple[Note, ...]
    elapsed_s: float
    engines: Mapping[str, str]  # what looked, with versions
    canaries_known: int
    control_lines: int  # lines in which a control canary was found, as planned
    control_sources: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings kept as examples; `lines` of the places count all."""
        return tuple(finding for place in self.places for finding in place.findings)

    @property
    def is_clean(self) -> bool:
        return not self.places

    @property
    def is_complete(self) -> bool:
        """Whether something was read, and all of it."""
        return self.lines_read > 0 and not self.skipped

    @property
    def canary_lines(self) -> int:
        """Lines with a canary that is no control."""
        return sum(place.lines for place in self.places if place.rule.startswith("canary/"))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "is_clean": self.is_clean, "is_complete": self.is_complete}


class PlaceBook:
    """Collects findings into places while lines go by."""

    def __init__(
        self,
        retitle: Callable[[Finding], Finding] = lambda finding: finding,
        on_new_place: Callable[[Finding], None] | None = None,
    ) -> None:
        self._retitle = retitle  # gives a finding its last template, before it is counted
        self._on_new_place = on_new_place  # told the first finding of each place, at once
        self._findings: dict[PlaceKey, list[Finding]] = {}
        self._lines: dict[PlaceKey, int] = {}
        self._last_line: dict[PlaceKey, tuple[str, int]] = {}

    def add(self, finding: Finding, lines: int = 1) -> None:
        """Count a finding that stands in so many lines, of which this one is the first."""
        finding = self._retitle(finding)
        key = (finding.template, finding.rule, finding.json_path)
        if key not in self._findings and len(self._findings) >= PLACES_MAX:
            key = (OTHER_PLACES, finding.rule, "")
        is_new = key not in self._findings
        findings = self._findings.setdefault(key, [])
        if len(findings) < FINDINGS_PER_PLACE:
            findings.append(finding)
        here = (finding.source, finding.line)
        if self._last_line.get(key) != here:  # two values in one line are one line
            self._lines[key] = self._lines.get(key, 0) + lines
            self._last_line[key] = here
        if is_new and self._on_new_place is not None:
            # Counted first: whoever is told may stop the scan.
            self._on_new_place(finding)

    def places(self) -> tuple[Place, ...]:
        """Errors first, then what stands in most lines."""
        return _in_order(
            Place(
                rule=rule,
                kind=findings[0].kind,
                level=findings[0].level,
                template=template,
                json_path=json_path,
                lines=self._lines[template, rule, json_path],
                findings=tuple(findings),
            )
            for (template, rule, json_path), findings in self._findings.items()
        )


def merged(reports: Sequence[ScanReport]) -> ScanReport:
    """One report of scans of different sources with one salt, in the order given.

    Shapes that two scans saw count twice, since a report does not keep them.
    """
    assert reports, "nothing to merge"
    places: dict[PlaceKey, Place] = {}
    for place in chain.from_iterable(report.places for report in reports):
        key = (place.template, place.rule, place.json_path)
        known = places.get(key)
        places[key] = place if known is None else _joined(known, place)
    return ScanReport(
        places=_in_order(places.values()),
        lines_read=sum(report.lines_read for report in reports),
        bytes_read=sum(report.bytes_read for report in reports),
        distinct_skeletons=sum(report.distinct_skeletons for report in reports),
        sources=_all(report.sources for report in reports),
        skipped=_all(report.skipped for report in reports),
        notes=_all(report.notes for report in reports),
        elapsed_s=max(report.elapsed_s for report in reports),
        engines={name: told for report in reports for name, told in report.engines.items()},
        canaries_known=max(report.canaries_known for report in reports),
        control_lines=sum(report.control_lines for report in reports),
        control_sources=_all(report.control_sources for report in reports),
    )


def _joined(first: Place, second: Place) -> Place:
    findings = (first.findings + second.findings)[:FINDINGS_PER_PLACE]
    return replace(first, lines=first.lines + second.lines, findings=findings)


def _all(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """Each once, in order: every part of a scan may say the same of all sources."""
    return tuple(dict.fromkeys(chain.from_iterable(parts)))


def _in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    levels: tuple[str, ...] = LEVELS
    return tuple(
        sorted(places, key=lambda place: (levels.index(place.level), -place.lines, place.rule))
    )

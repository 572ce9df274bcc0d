"""One pass over the lines: cheap detectors on each, dear ones where the shape of a line is new."""

import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from compliance.pii.canaries import Canary
from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.line_pass import LinePass
from compliance.pii.names import ModelMissingError, NameFinder
from compliance.pii.report import ScanReport
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Intake, Note
from compliance.pii.third_party import version_of

PROGRESS_EVERY_LINES = 10_000
_ALL_SOURCES = "(all sources)"
Progress = Callable[[str, int], None]  # the source being read, lines read so far


class Scanner:
    """Detectors made ready once; scans as often as wanted. The model is loaded at its first use."""

    def __init__(
        self, canaries: Iterable[Canary] = (), settings: ScanSettings | None = None
    ) -> None:
        self._settings = settings or ScanSettings()
        self._canaries = CanaryDetector(canaries)
        self._salt = self._settings.salt or secrets.token_bytes(16)
        self._names: NameFinder | None = None

    def scan(self, paths: Iterable[Path | str], progress: Progress | None = None) -> ScanReport:
        """Read all files at and under the paths; what could not be read is in `skipped`."""
        started_s = time.perf_counter()
        intake = Intake()
        scan = LinePass(self._settings, self._canaries, self._salt)
        for line in intake.lines(paths, line_bytes_max=self._settings.line_bytes_max):
            scan.take(line)
            if progress is not None and intake.lines_read % PROGRESS_EVERY_LINES == 0:
                progress(scan.shown_source(line.source), intake.lines_read)
        skipped = [*intake.skipped, *self._look_for_names(scan)]
        return ScanReport(
            places=scan.book.places(),
            lines_read=intake.lines_read,
            bytes_read=intake.bytes_read,
            distinct_skeletons=scan.pending.shapes_seen,
            sources=tuple(scan.shown_source(source) for source in intake.sources),
            skipped=tuple(Note(scan.shown_source(note.source), note.what) for note in skipped),
            notes=tuple(Note(scan.shown_source(note.source), note.what) for note in intake.notes),
            elapsed_s=round(time.perf_counter() - started_s, 3),
            engines=self._engines(),
            canaries_known=self._canaries.count,
            control_lines=scan.control_lines,
            control_sources=tuple(scan.shown_source(source) for source in scan.control_sources),
        )

    def _look_for_names(self, scan: LinePass) -> list[Note]:
        """Returns what could not be looked at."""
        if not self._settings.names or not scan.pending.asked:
            return []
        try:
            self._names = self._names or NameFinder(self._settings.model)
        except ModelMissingError as missing:
            return [Note(_ALL_SOURCES, str(missing))]
        scan.find_names(self._names)
        left_out = scan.pending.left_out
        if not left_out:
            return []
        asked = len(scan.pending.asked)
        what = f"names looked for in {asked:,} distinct texts; {left_out:,} more were left out"
        return [Note(_ALL_SOURCES, what)]

    def _engines(self) -> dict[str, str]:
        engines = {"ahocorasick_rs": version_of("ahocorasick_rs")}
        if self._settings.patterns:
            engines["presidio-analyzer"] = version_of("presidio-analyzer")
        if self._settings.names:
            engines["spacy"] = version_of("spacy")
            engines["model"] = self._names.version if self._names else "not needed"
        return engines

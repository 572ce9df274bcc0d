"""One scan: detectors made ready once, sources read through them, and what they answered."""

import secrets
import time
from collections.abc import Callable, Iterable

from compliance.pii.canaries import Canary
from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.epochs import Epochs
from compliance.pii.names import NameFinder
from compliance.pii.remembered_names import RememberedNames
from compliance.pii.report import Finding, ScanReport
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Intake, Note, Tally, Target
from compliance.pii.third_party import version_of

PROGRESS_EVERY_LINES = 10_000
_ALL_SOURCES = "(all sources)"
Progress = Callable[[str, int], None]  # the source being read, lines read so far
OnNewPlace = Callable[[Finding], None]


class Scanner:
    """Detectors made ready once; scans as often as wanted. The model is loaded at its first use."""

    def __init__(
        self, canaries: Iterable[Canary] = (), settings: ScanSettings | None = None
    ) -> None:
        self._settings = settings or ScanSettings()
        self._canaries = CanaryDetector(canaries)
        self._salt = self._settings.salt or secrets.token_bytes(16)
        self._names: NameFinder | None = None

    def scan(
        self,
        targets: Iterable[Target],
        progress: Progress | None = None,
        on_new_place: OnNewPlace | None = None,
    ) -> ScanReport:
        """Read all that the targets name; what could not be read is in `skipped`.

        The first finding of each place is told at once. Ctrl-C ends the reading, not the report.
        """
        started_s = time.perf_counter()
        epochs = self._epochs(on_new_place)
        intake = Intake(
            self._settings.reading,
            on_idle=epochs.catch_up,
            suspects=epochs.suspects_in if epochs.is_for_canaries_only else None,
        )
        tally = intake.tally
        try:
            told_lines = 0
            for block in intake.blocks(targets):
                epochs.take_all(block)
                if progress is not None and tally.lines_read - told_lines >= PROGRESS_EVERY_LINES:
                    told_lines = tally.lines_read
                    progress(epochs.shown_source(block[-1].source), told_lines)
        except KeyboardInterrupt:
            say = tally.note if self._settings.reading.follow else tally.skip
            say(_ALL_SOURCES, "stopped before everything was read")
        epochs.finish()
        unanswered = [Note(_ALL_SOURCES, what) for what in epochs.unanswered()]
        elapsed_s = round(time.perf_counter() - started_s, 3)
        return self._report(tally, unanswered, epochs, elapsed_s)

    def report_of(self, tally: Tally, lost: Iterable[Note]) -> ScanReport:
        """A report that only says what was read and what was not; nothing was looked at."""
        return self._report(tally, lost, self._epochs(None), 0.0)

    @property
    def canaries_known(self) -> int:
        return self._canaries.count

    def _epochs(self, on_new_place: OnNewPlace | None) -> Epochs:
        names = RememberedNames(self._load)
        return Epochs(self._settings, self._canaries, self._salt, names, on_new_place)

    def _report(
        self, tally: Tally, lost: Iterable[Note], epochs: Epochs, elapsed_s: float
    ) -> ScanReport:
        shown = epochs.shown_source
        skipped = (*tally.skipped, *lost)
        return ScanReport(
            places=epochs.book.places(),
            lines_read=tally.lines_read,
            bytes_read=tally.bytes_read,
            distinct_skeletons=epochs.shapes_seen,
            sources=tuple(shown(source) for source in tally.sources),
            skipped=tuple(Note(shown(note.source), note.what) for note in skipped),
            notes=tuple(Note(shown(note.source), note.what) for note in tally.notes),
            elapsed_s=elapsed_s,
            engines=self._engines(),
            canaries_known=self._canaries.count,
            control_lines=epochs.control_lines,
            control_sources=tuple(shown(source) for source in epochs.control_sources),
        )

    def _load(self) -> NameFinder:
        self._names = self._names or NameFinder(self._settings.model)
        return self._names

    def _engines(self) -> dict[str, str]:
        engines = {"ahocorasick_rs": version_of("ahocorasick_rs")}
        if self._settings.patterns:
            engines["presidio-analyzer"] = version_of("presidio-analyzer")
        if self._settings.names:
            engines["spacy"] = version_of("spacy")
            engines["model"] = self._names.version if self._names else "not needed"
        return engines

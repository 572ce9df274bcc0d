"""A scan in epochs, so that its memory does not grow with the log.

One pass over lines learns shapes and gathers texts for the names model. When it has learned enough,
the model is asked, the findings are kept, and a new pass starts with nothing learned: a shape that
comes again is learned again, which costs little, because the model's answers are remembered.
"""

import gc
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast

from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.line_pass import LinePass
from compliance.pii.model import ModelMissingError
from compliance.pii.names import NameFinder
from compliance.pii.record import parse
from compliance.pii.remembered_names import RememberedNames
from compliance.pii.report import Finding, PlaceBook
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Line
from compliance.pii.template import TEMPLATE_CHARS_MAX, template_of

# Each bound is a quarter of what the pass itself could take before it leaves something out.
ASKED_MAX = 5_000
ASKED_BYTES_MAX = 16 << 20
SHAPES_MAX = 250_000
_CONTROL_SOURCES_MAX = 10_000
_ARROW = " > "
# Whatever else is looked for waits for so much of a log: a canary in it is told at once.
FIRST_LOOK_BYTES = 1 << 20


class Epochs:
    """One scan's passes, one after the other, into one book."""

    def __init__(
        self,
        settings: ScanSettings,
        canaries: CanaryDetector,
        salt: bytes,
        names: RememberedNames,
        on_new_place: Callable[[Finding], None] | None,
    ) -> None:
        self.book = PlaceBook(self._in_its_record, on_new_place)
        self.control_sources: dict[str, None] = {}
        self.shapes_seen = 0  # by the pass that saw most
        self._settings = settings
        self._canaries = canaries
        self._new_pass: Callable[[], LinePass] = lambda: LinePass(settings, canaries, salt)
        self._names = names
        self._control_lines = self._left_out = self._asked = self._asked_bytes = 0
        self._missing_model: ModelMissingError | None = None
        self._current = Line("", 0, b"")
        self._openings: dict[tuple[str, int], bytes] = {}  # of lines that the model is asked about
        # Lines of the first look in which no canary stands; None when it is over.
        self._waiting: deque[Line] | None = deque() if canaries.count else None
        self._first_look_bytes = 0
        self._start()

    @property
    def is_for_canaries_only(self) -> bool:
        return not (self._settings.patterns or self._settings.names)

    def suspects_in(self, lines: bytes) -> list[int] | None:
        """Where a canary can stand in these lines; None where it is too early to ask."""
        return None if self._waiting is not None else self._canaries.suspects_in(lines)

    def take_all(self, block: Sequence[Line]) -> None:
        """Run what has to see these lines; where a block shows no canary, none is searched for."""
        if self._waiting is not None or len(block) == 1 or self.is_for_canaries_only:
            for line in block:
                self.take(line)
            return
        suspects = self._canaries.suspects([line.data for line in block])
        for index, line in enumerate(block):
            self._take(line, may_hold_canary=index in suspects)

    def take(self, line: Line) -> None:
        """Run what has to see this line."""
        if self._waiting is None:
            self._take(line)
            return
        if not self._take(line, can_wait=True):
            self._waiting.append(line)
        self._first_look_bytes += len(line.data)
        if self._first_look_bytes >= FIRST_LOOK_BYTES:
            self._end_first_look()

    def _end_first_look(self) -> None:
        # One by one: Ctrl-C in the middle leaves the rest for `finish`.
        while self._waiting:
            self._take(self._waiting.popleft(), may_hold_canary=False)
        self._waiting = None

    def _take(self, line: Line, *, can_wait: bool = False, may_hold_canary: bool = True) -> bool:
        pending = self._pass.pending
        asked = len(pending.asked)
        self._current = line
        is_taken = self._pass.take(line, can_wait=can_wait, may_hold_canary=may_hold_canary)
        if len(pending.asked) > asked:
            self._asked_bytes += len(line.data)
            if line.opening:
                self._openings[self.shown_source(line.source), line.number] = line.opening
        if (
            len(pending.asked) >= ASKED_MAX
            or self._asked_bytes >= ASKED_BYTES_MAX
            or pending.shapes_seen >= SHAPES_MAX
        ):
            self.finish()
            # A pass refers to itself, so it is not freed when it is dropped, but when the collector
            # comes by: not soon, where long-lived objects are many. Tens of ms, once an epoch.
            gc.collect()
        return is_taken

    def catch_up(self) -> None:
        """Run what waits, and ask the model if there is anything to ask: while nothing comes."""
        self._end_first_look()
        if self._pass.pending.asked:
            self.finish()

    def finish(self) -> None:
        """End this epoch: ask the model about what was gathered, and forget the shapes."""
        self._end_first_look()
        pending = self._pass.pending
        if self._settings.names and pending.asked and self._missing_model is None:
            try:
                # It asks for nothing but `find`, which answers the same.
                self._pass.find_names(cast(NameFinder, self._names))
            except ModelMissingError as missing:
                self._missing_model = missing
        self._asked += len(pending.asked)
        self._left_out += pending.left_out
        self.shapes_seen = max(self.shapes_seen, pending.shapes_seen)
        self._control_lines += self._pass.control_lines
        for source in self._pass.control_sources:
            if len(self.control_sources) < _CONTROL_SOURCES_MAX:
                self.control_sources[source] = None
        self._start()

    def unanswered(self) -> list[str]:
        """What names could not be looked for in; after the last look."""
        if self._missing_model is not None:
            return [str(self._missing_model)]
        if not self._left_out:
            return []
        looked = f"names looked for in {self._asked:,} distinct texts"
        return [f"{looked}; {self._left_out:,} more were left out"]

    @property
    def control_lines(self) -> int:
        return self._control_lines + self._pass.control_lines

    def shown_source(self, source: str) -> str:
        """A source's name without what people typed into it."""
        return self._pass.shown_source(source)

    def _start(self) -> None:
        self._pass = self._new_pass()
        self._pass.book = self.book
        self._asked_bytes = 0
        self._openings = {}
        self._opening = lru_cache(1024)(self._read_opening)

    def _in_its_record(self, finding: Finding) -> Finding:
        """A line of a traceback belongs to the statement whose line opened the record."""
        here = (finding.source, finding.line)
        if finding.line == self._current.number and finding.source == self.shown_source(
            self._current.source
        ):
            opening = self._current.opening
        else:
            opening = self._openings.get(here, b"")
        if not opening:
            return finding
        template, logger = self._opening(opening)
        joined = f"{template[: TEMPLATE_CHARS_MAX // 2]}{_ARROW}{finding.template}"
        return replace(finding, template=joined, logger=finding.logger or logger)

    def _read_opening(self, opening: bytes) -> tuple[str, str | None]:
        record = parse(opening)
        template = self.shown_source(template_of(record, {}))
        return template, self.shown_source(record.logger) if record.logger else None

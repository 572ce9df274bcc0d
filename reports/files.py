"""Writes a run's reports into its folder, all of them or none."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from compliance.verdict import Judgement
from reports import html, junit, markdown
from reports.model import RunView
from reports.view import build


class ReportError(Exception):
    """The reports could not be written."""


def write_all(run: Path, judgement: Judgement) -> RunView:
    """Write report.html, report.md, junit.xml and verdicts.json; the view tells what they show.

    All are drafted before any takes its place, so a full disk leaves the earlier ones whole.
    Raises EvidenceError when `run` is not a readable run directory, ReportError when the files
    cannot be written.
    """
    view = build(run, judgement)
    texts = {
        "report.html": html.render(view),
        "report.md": markdown.render(view),
        "junit.xml": junit.render(view),
        "verdicts.json": judgement.model_dump_json(indent=2) + "\n",
    }
    write_whole(run, texts)
    return view


def write_whole(run: Path, texts: Mapping[str, str]) -> None:
    """Write files into the run's folder, all of them or none. Raises ReportError."""
    drafts = {run / f"{name}.draft": text for name, text in texts.items()}
    try:
        for draft, text in drafts.items():
            draft.write_text(text, encoding="utf-8")
        for draft in drafts:
            draft.replace(draft.with_suffix(""))
    except OSError as error:
        for draft in drafts:
            with contextlib.suppress(OSError):
                draft.unlink()
        raise ReportError(
            f"{run}: the reports could not be written: {error.strerror}; is there space, and may "
            "you write there? The evidence is untouched: `queueproof report` can try again"
        ) from error

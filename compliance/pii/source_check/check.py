"""One check of a tree: read, work every function out until nothing new is learned, report."""

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from compliance.pii.source_check.allow import Allow, allows
from compliance.pii.source_check.files import Intake, SourceFile, Unreadable
from compliance.pii.source_check.fixpoint import Fixpoint
from compliance.pii.source_check.frame import Leak
from compliance.pii.source_check.lexicon import Lexicon
from compliance.pii.source_check.models import Models
from compliance.pii.source_check.program import Program
from compliance.pii.source_check.rules import RULES, Level
from compliance.pii.source_check.values import Source, Spot, Step
from compliance.pii.source_check.world import World

# Some 100 functions' worth of what following them leaves behind.
_ALLOCATIONS_BEFORE_COLLECTION = 100_000


@dataclass(frozen=True)
class CheckSettings:
    """What a project adds to the built-in names."""

    names: tuple[str, ...] = ()  # of personal data
    sanitizers: tuple[str, ...] = ()  # functions that mask


@dataclass(frozen=True)
class Finding:
    """One sink, or one inline allow that is not good."""

    rule: str
    level: Level
    message: str  # names of the code only, no literal
    spot: Spot  # columns in characters
    sources: tuple[Source, ...]  # certain ones first
    steps: tuple[Step, ...]  # from the first source to the sink


@dataclass(frozen=True)
class CheckReport:
    """What a check answers."""

    findings: tuple[Finding, ...]  # in the order of files and lines
    unreadable: tuple[Unreadable, ...]
    files: int
    lines: int
    functions: int
    allowed: int  # findings that inline allows took away

    @property
    def is_complete(self) -> bool:
        """Whether something was checked, and all of it."""
        return self.files > 0 and not self.unreadable


def check_source(
    paths: Iterable[Path], *, today: date, settings: CheckSettings | None = None
) -> CheckReport:
    """Check all Python files at and under the paths. `today` decides which allows expired."""
    settings = settings or CheckSettings()
    intake = Intake()
    with _trees_left_alone():
        intake.read(paths)
        done = _work_out(intake.files, settings)
    columns = _Columns(intake.files)
    findings, allowed = _judge(intake.files, _findings(done.leaks, columns), today)
    return CheckReport(
        findings=tuple(sorted(findings, key=lambda one: (one.spot, one.rule))),
        unreadable=(*intake.unreadable, *done.unreadable.values()),
        files=len(intake.files),
        lines=sum(file.lines for file in intake.files),
        functions=len(done.leaks),
        allowed=allowed,
    )


@contextmanager
def _trees_left_alone() -> Iterator[None]:
    """Keep the garbage collector off the syntax trees, which live to the end: walking them again
    and again took a quarter of a check's time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS_BEFORE_COLLECTION, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _work_out(files: Sequence[SourceFile], settings: CheckSettings) -> Fixpoint:
    lexicon = Lexicon(further=settings.names, sanitizers=settings.sanitizers)
    program = Program(files)
    fixpoint = Fixpoint(World(program, Models(program, lexicon), lexicon))
    fixpoint.run()
    return fixpoint


def _findings(leaks: dict[str, list[Leak]], columns: "_Columns") -> list[Finding]:
    """One finding for each sink, with all its sources."""
    at_sink: defaultdict[tuple[str, Spot], dict[Source, Leak]] = defaultdict(dict)
    for found in leaks.values():
        for leak in found:
            known = at_sink[leak.rule, leak.spot].get(leak.source)
            if known is None or len(leak.steps) < len(known.steps):
                at_sink[leak.rule, leak.spot][leak.source] = leak
    return [
        _finding(rule, columns.shown(spot), list(by_source.values()), columns)
        for (rule, spot), by_source in at_sink.items()
    ]


def _finding(rule: str, spot: Spot, leaks: list[Leak], columns: "_Columns") -> Finding:
    leaks.sort(key=lambda leak: (leak.source.is_likely, len(leak.steps), leak.source.spot))
    first = leaks[0]
    sources = tuple(leak.source._replace(spot=columns.shown(leak.source.spot)) for leak in leaks)
    steps = tuple(step._replace(spot=columns.shown(step.spot)) for step in first.steps)
    level: Level = "warning" if first.source.is_likely else RULES[rule].level
    others = len({source.shown for source in sources}) - 1
    more = f" and {others} more" if others else ""
    message = f"{first.source.shown} ({first.source.kind}){more} reaches {first.shown}"
    return Finding(rule, level, message, spot, sources, steps)


def _judge(
    files: Sequence[SourceFile], findings: list[Finding], today: date
) -> tuple[list[Finding], int]:
    """Take away what is allowed; add the allows that are not good."""
    by_path = defaultdict(list)
    for file in files:
        for allow in allows(file.text, today):
            by_path[file.path].append(allow)
    used: set[tuple[str, int]] = set()
    kept: list[Finding] = []
    for finding in findings:
        granted = [one for one in by_path[finding.spot.path] if _grants(one, finding)]
        used.update((finding.spot.path, one.line) for one in granted)
        if not granted:
            kept.append(finding)
    allowed = len(findings) - len(kept)
    for path, comments in by_path.items():
        for one in comments:
            spot = Spot(path, one.line, one.column, one.line)
            if one.problem:
                kept.append(_about_allow("pii-allow", f"this allows nothing: {one.problem}", spot))
            elif (path, one.line) not in used:
                what = f"no finding of {one.rule} stands here"
                kept.append(_about_allow("pii-allow-unused", what, spot))
    return kept, allowed


def _grants(allow: Allow, finding: Finding) -> bool:
    lines = range(finding.spot.line, finding.spot.end_line + 1)
    is_here = any(line in lines for line in allow.lines)
    return not allow.problem and allow.rule == finding.rule and is_here


def _about_allow(rule: str, message: str, spot: Spot) -> Finding:
    return Finding(rule, RULES[rule].level, message, spot, (), ())


class _Columns:
    """Turns the syntax tree's columns, which count UTF-8 bytes, into characters."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._texts = {file.path: file.text for file in files if not file.text.isascii()}
        self._lines: dict[str, list[str]] = {}

    def shown(self, spot: Spot) -> Spot:
        if spot.path not in self._texts:
            return spot
        if spot.path not in self._lines:
            self._lines[spot.path] = self._texts[spot.path].split("\n")
        lines = self._lines[spot.path]
        line = lines[spot.line - 1] if spot.line <= len(lines) else ""
        before = line.encode()[: spot.column - 1]
        return spot._replace(column=len(before.decode(errors="replace")) + 1)

"""assert_no_pii: nothing personal in logs, by the scanner that gates merges; shown masked only."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import pytest

from compliance.checks.logs import blind_spots
from compliance.pii import Canary, Scanner, ScanReport, ScanSettings
from compliance.pii.gate import gate
from compliance.pii.policy import load_policy
from compliance.pii.results import as_result
from loadtests.logscan import STRANGER_ADDRESS, STRANGER_SENTENCE

PLACES_SHOWN = 10
CONTROL_ADDRESS = "queueproof.control@example.net"

Log = Path | str | pytest.LogCaptureFixture


class AssertNoPii:
    """Scans logs; a test fails unless they were read, could have shown something, and did not."""

    def __init__(self, folder: Path, rootpath: Path, withhold_output: Callable[[], None]) -> None:
        """Texts are put into `folder`; a policy is looked for from `rootpath` upwards."""
        self._folder = folder
        self._rootpath = rootpath
        self._withhold_output = withhold_output

    def __call__(
        self,
        *logs: Log,
        canaries: Iterable[Canary | tuple[str, str]] = (),
        control: str | None = None,
        policy: Path | None = None,
        names: bool = True,
    ) -> None:
        """Fail the test when something personal stands in the logs, or nobody could tell.

        logs: paths of files and folders, `caplog`, or text such as `caplog.text`. None may be
        empty. canaries: what your test's emails said, as (kind, value), such as
        ("email", "ada@example.com"); found in any encoding. Patterns and names of others are
        looked for as well; `names=False` leaves out the language model, which takes a second.
        control: text that the logs must hold, such as a key, to show that they are the right ones.
        policy: what to let pass; by default the one that `queueproof scan` would take.
        Raises ValueError or TypeError for arguments that make no sense.
        """
        __tracebackhide__ = True
        paths = [self._path_of(log, number) for number, log in enumerate(logs, start=1)]
        if not paths:
            raise ValueError("assert_no_pii: give it logs; without any it proves nothing")
        known = [each if isinstance(each, Canary) else Canary(*each) for each in canaries]
        if control is not None:
            known.append(Canary("control", control))
        scanner = _scanner(tuple(known), names)
        doubts = [f"{path}: empty" for path in paths if not _has_content(path)]
        doubts += self._blind_spots(scanner, names)
        report = scanner.scan(paths)
        doubts += [f"{note.source}: {note.what}" for note in report.skipped]
        if control is not None and not report.control_lines:
            doubts.append("the control text stands in none of the logs; are they the right ones?")
        rules, _ = load_policy(policy, self._rootpath)
        gated = gate(report, rules, frozenset(), datetime.now(UTC).date())
        if gated.failing:
            self._fail(_told(gated.report, gated.failing))
        if doubts:
            self._fail("\n  because ".join(["no-pii-logs inconclusive", *doubts]))

    def _path_of(self, log: Log, number: int) -> Path:
        if isinstance(log, Path):
            if not log.exists():
                raise ValueError(f"assert_no_pii: {log}: no such file or folder")
            return log
        text = log if isinstance(log, str) else log.text
        if "\n" not in text and _names_a_file(text):
            raise TypeError("assert_no_pii: text is taken for a log's content; give a Path to read")
        path = self._folder / f"text-{number}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _blind_spots(self, scanner: Scanner, names: bool) -> list[str]:
        """What the scanner does not find in lines that are planted for it."""
        path = self._folder / "control.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"control: {CONTROL_ADDRESS}", f"control: {STRANGER_ADDRESS}", STRANGER_SENTENCE]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        wanted = ("canary", "pattern", "ner") if names else ("canary", "pattern")
        return blind_spots(scanner.scan([path]), wanted)

    def _fail(self, message: str) -> NoReturn:
        __tracebackhide__ = True
        # Neither source lines nor captured output: they may hold the very values.
        self._withhold_output()
        pytest.fail(message, pytrace=False)


@lru_cache(4)
def _scanner(canaries: tuple[Canary, ...], names: bool) -> Scanner:
    """Loading a language model takes a second, so tests about the same people share a scanner."""
    return Scanner([*canaries, Canary("email", CONTROL_ADDRESS)], ScanSettings(names=names))


def _has_content(path: Path) -> bool:
    files = path.rglob("*") if path.is_dir() else [path]
    return any(file.is_file() and file.stat().st_size for file in files)


def _names_a_file(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _told(report: ScanReport, failing: int) -> str:
    lines = [
        f"no-pii-logs refuted: {failing:,} places in {report.lines_read:,} lines "
        f"of {len(report.sources)} logs"
    ]
    for place in report.places[:PLACES_SHOWN]:
        result = as_result(place)
        lines.append(f"  {result.place}: {result.message}")
    if len(report.places) > PLACES_SHOWN:
        lines.append(f"  ... and {len(report.places) - PLACES_SHOWN:,} more")
    return "\n".join(lines)

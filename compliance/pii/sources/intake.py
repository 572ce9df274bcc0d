"""All sources behind one door: what a path names is opened, bounded and read line by line."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from compliance.pii.printable import printable
from compliance.pii.sources import cloudwatch, s3
from compliance.pii.sources.expand import ExpansionError, opened
from compliance.pii.sources.file_part import FilePart, go_to_start
from compliance.pii.sources.files import FileFinder, FoundFile
from compliance.pii.sources.line import Line, Tally
from compliance.pii.sources.reading import Reading
from compliance.pii.sources.standard_input import PipeReader
from compliance.pii.sources.text_lines import HEAD_BYTES, LineReader, Suspects, why_unreadable

STANDARD_INPUT = "-"
Target = Path | str | FilePart
_READ_BYTES = 1 << 20


def is_live(targets: Iterable[Target]) -> bool:
    """Whether something is read that may have no end: its lines are looked at as they come."""
    names = list(map(str, targets))
    return STANDARD_INPUT in names or any(name.startswith(cloudwatch.SCHEME) for name in names)


class Intake:
    """Reads sources one after the other and keeps the tally."""

    def __init__(
        self,
        reading: Reading | None = None,
        on_idle: Callable[[], None] = lambda: None,
        suspects: Suspects | None = None,
    ) -> None:
        self.tally = Tally()
        self._reading = reading or Reading()
        self._on_idle = on_idle  # called when a live source has nothing new for a moment
        self._suspects = suspects  # what of plain lines is enough; see LineReader.blocks

    def lines(self, targets: Iterable[Target]) -> Iterator[Line]:
        """Every line of what `blocks` reads."""
        for block in self.blocks(targets):
            yield from block

    def blocks(self, targets: Iterable[Target]) -> Iterator[list[Line]]:
        """Lines, as many as were read at once, of files, folders, globs, - (standard input), s3://
        and cloudwatch: names.
        """
        files = FileFinder(self.tally, self._reading)
        for named in targets:
            target = str(named)
            if isinstance(named, FilePart):
                yield from self._file_part(named)
            elif target == STANDARD_INPUT:
                yield from self._standard_input()
            elif target.startswith(s3.SCHEME):
                for found in s3.objects(target, self.tally, self._reading):
                    yield from self._body(found.name, found.open)
            elif target.startswith(cloudwatch.SCHEME):
                events = cloudwatch.lines(target, self.tally, self._reading, self._on_idle)
                yield from ([line] for line in events)
            else:
                for file in files.find(target):
                    yield from self._file(file)

    def _standard_input(self) -> Iterator[list[Line]]:
        try:
            descriptor = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            self.tally.skip(STANDARD_INPUT, "there is no standard input")
            return
        pipe = PipeReader(descriptor, self._on_idle)
        yield from self._body("stdin", lambda: io.BufferedReader(pipe, _READ_BYTES))

    def _body(self, name: str, open_: Callable[[], io.BufferedReader]) -> Iterator[list[Line]]:
        """What has no name in the file system."""
        try:
            with open_() as file:
                yield from self._content(name, file)
        except OSError as error:
            self.tally.skip(name, f"stopped reading: {error.strerror or 'input/output error'}")

    def _file(self, found: FoundFile) -> Iterator[list[Line]]:
        name = str(found.path)
        try:
            with _opened(found.path) as file:
                status = os.fstat(file.fileno())
                if (status.st_dev, status.st_ino) != found.identity:
                    self.tally.skip(name, "rotated before it was read; its older lines moved on")
                yield from self._content(name, file, status.st_size)
                self._look_back(found, file, status.st_size)
        except OSError as error:
            self.tally.skip(name, f"stopped reading: {error.strerror or 'input/output error'}")

    def _file_part(self, part: FilePart) -> Iterator[list[Line]]:
        for found in FileFinder(self.tally, self._reading).find(part.path):
            try:
                with _opened(found.path) as file:
                    size_bytes = os.fstat(file.fileno()).st_size
                    if size_bytes < part.end_bytes:
                        self.tally.skip(part.path, "shrank before it was read; lines may be lost")
                    start = go_to_start(file, part.start_bytes)
                    if start.offset_bytes < part.end_bytes:
                        reader = LineReader(part.path, self.tally, self._reading)
                        self.tally.sources.append(printable(part.path))
                        end_bytes = part.end_bytes - start.offset_bytes
                        blocks = reader.blocks(file, end_bytes, self._suspects, start)
                        yield from filter(None, blocks)
                        reader.tell()
                    self._look_back(found, file, size_bytes)
            except OSError as error:
                why = error.strerror or "input/output error"
                self.tally.skip(part.path, f"stopped reading: {why}")

    def _content(
        self, name: str, file: io.BufferedReader, size_bytes: int | None = None
    ) -> Iterator[list[Line]]:
        reader = LineReader(name, self.tally, self._reading)
        try:
            text = opened(file, self._reading)
            why_not = why_unreadable(text.peek(HEAD_BYTES)[:HEAD_BYTES])
            if why_not:
                self.tally.skip(name, why_not)
                return
            self.tally.sources.append(printable(name))
            # A file that grows faster than it is read would never end.
            end_bytes = size_bytes if text is file else None
            yield from filter(None, reader.blocks(text, end_bytes, self._suspects))
        except ExpansionError as error:
            self.tally.skip(name, f"stopped reading: {error}")
        reader.tell()

    def _look_back(self, found: FoundFile, file: io.BufferedReader, size_bytes: int) -> None:
        """Whether the file stayed the same while it was read."""
        name = str(found.path)
        size_now_bytes = os.fstat(file.fileno()).st_size
        if size_now_bytes < size_bytes:
            lost = f"from {size_bytes:,} to {size_now_bytes:,} bytes"
            self.tally.skip(name, f"shrank while it was read, {lost}; lines may be lost")
        elif size_now_bytes > size_bytes:
            self.tally.note(name, "grew while it was read; read up to where it ended at the start")
        try:
            now = found.path.stat()
        except OSError:
            now = None
        if now is None or (now.st_dev, now.st_ino) != found.identity:
            self.tally.skip(name, "rotated while it was read; its successor was not read")


def _opened(path: Path) -> io.BufferedReader:
    return io.BufferedReader(io.FileIO(path), _READ_BYTES)

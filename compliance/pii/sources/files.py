"""Files, folders and globs: which files there are, each once, in the order in which logs rotate."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compliance.pii.sources.line import Tally
from compliance.pii.sources.reading import Reading

_GLOB_CHARS = re.compile(r"[*?\[]")
_COMPRESSED = r"(?:\.(?:gz|zst|bz2|xz))?"
_DATED = re.compile(rf"(.+?)[._-](\d{{4}}-?\d\d-?\d\d(?:[-T_.]?\d+)*)(\.log)?{_COMPRESSED}")
_NUMBERED = re.compile(rf"(.+?)\.(\d{{1,4}})(\.log)?{_COMPRESSED}")
_PLAIN = re.compile(rf"(.+?)(\.log)?{_COMPRESSED}")


@dataclass(frozen=True)
class FoundFile:
    """A regular file as it was when it was listed."""

    path: Path
    identity: tuple[int, int]  # device and inode: a rotated file keeps them under another name
    size_bytes: int


class FileFinder:
    """Finds regular files, each once: a link back up, or a second name, leads to nothing new."""

    def __init__(self, tally: Tally, reading: Reading) -> None:
        self._tally = tally
        self._reading = reading
        self._seen: set[tuple[int, int]] = set()

    def find(self, path: str) -> Iterator[FoundFile]:
        """The files at, under, or matched by a path. What is none is said to be skipped."""
        if not _GLOB_CHARS.search(path) or os.path.lexists(path.replace("\x00", "")):
            yield from self._at(Path(path))
            return
        try:
            matches = _matches(Path(path))
        except (ValueError, NotImplementedError):
            self._tally.skip(path, "not a glob; ** must be a whole part of a path")
            return
        if not matches:
            self._tally.skip(path, "no file matches")
        for match in sorted(matches, key=lambda match: rotation_order(str(match))):
            yield from self._at(match)

    def _at(self, path: Path) -> Iterator[FoundFile]:
        # A stack, because folders nest deeper than Python recurses.
        pending = [path]
        while pending:
            here = pending.pop()
            try:
                status = here.stat()
                identity = (status.st_dev, status.st_ino)
                if identity in self._seen:
                    continue
                self._seen.add(identity)
                if stat.S_ISDIR(status.st_mode):
                    pending += reversed(self._children(here))
                    continue
            except OSError as error:
                self._tally.skip(str(here), error.strerror or "cannot be read")
                continue
            except ValueError:
                self._tally.skip(str(here), "not a path: it holds a NUL character")
                continue
            if not stat.S_ISREG(status.st_mode):
                self._tally.skip(str(here), "not a regular file")
            elif self._reading.since_s is not None and status.st_mtime < self._reading.since_s:
                self._tally.note(str(here), "not changed since --since; left out")
            else:
                yield FoundFile(here, identity, status.st_size)

    def _children(self, folder: Path) -> list[Path]:
        """Of a run's folder only its logs: its ledgers hold the people that it wrote to."""
        children = sorted(folder.iterdir(), key=lambda child: rotation_order(child.name))
        if is_experiment(folder):
            self._tally.note(str(folder), "a run's folder; its logs are read, its ledgers are not")
            return [folder / "logs"]
        if any(is_experiment(child) for child in children) and (folder / "manifest.json").exists():
            return [child for child in children if child.is_dir()]
        return children


def _matches(pattern: Path) -> list[Path]:
    # Not glob.glob: its ** goes through links, and two links to their own folder make 2^40 paths.
    start = Path(pattern.anchor or ".")
    return list(start.glob(str(pattern.relative_to(pattern.anchor))))


def is_experiment(folder: Path) -> bool:
    """Whether this is what one experiment left: ledgers of what it sent, and logs."""
    return (folder / "experiment.json").is_file() and (folder / "logs").is_dir()


def experiments(path: Path) -> list[Path]:
    """The experiments that a path names: its own folder, one above its logs, or those of a run."""
    try:
        children = sorted(path.iterdir()) if path.is_dir() else []
    except OSError:  # what cannot be read is said when it is scanned
        children = []
    candidates = (path, *path.absolute().parents[:2], *children)
    return [folder for folder in candidates if is_experiment(folder)]


def rotation_order(name: str) -> tuple[str, int, str]:
    """Sorts the files of one log oldest first, and the one that is still written last."""
    if match := _DATED.fullmatch(name):
        return (match[1] + (match[3] or ""), 0, match[2])
    if match := _NUMBERED.fullmatch(name):
        return (match[1] + (match[3] or ""), 1, f"{10_000 - int(match[2]):05}")
    match = _PLAIN.fullmatch(name)
    return (name, 2, "") if match is None else (match[1] + (match[2] or ""), 2, name)

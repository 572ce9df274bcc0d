"""Which files are checked, and their syntax trees. Source code is data here: nothing is imported.

What cannot be read or parsed is said and left out, never guessed at, because a check that skipped
a file must not look clean.
"""

import ast
import io
import stat
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from compliance.pii.printable import printable

FILE_BYTES_MAX = 4 << 20  # the largest module of the standard library has 0.4 MB
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})
# Codecs that decode text in one linear pass. `idna` or `unicode_escape` as a source encoding is a
# trick, and some codecs take time quadratic in the input.
_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "ascii", "iso-8859-1", "iso-8859-15", "cp1252"})


@dataclass(frozen=True)
class Unreadable:
    """A file, a folder or a function that was not checked, and why."""

    path: str
    why: str


@dataclass(frozen=True)
class SourceFile:
    """One parsed file."""

    path: str  # as shown
    root: Path  # the argument under which it was found
    file: Path
    text: str
    tree: ast.Module
    lines: int


@dataclass
class Intake:
    """What was read, and what was not."""

    files: list[SourceFile] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def read(self, paths: Iterable[Path]) -> None:
        """Every *.py at and under the paths, each once, in the order of their names."""
        seen: set[tuple[int, int]] = set()
        for path in paths:
            root = path if path.is_dir() else path.parent
            for file in self._find(path, seen, is_named=True):
                self._parse(file, root)

    def _find(
        self, path: Path, seen: set[tuple[int, int]], *, is_named: bool = False
    ) -> Iterator[Path]:
        """An explicitly named path is never left out; a link to what was seen leads nowhere new."""
        try:
            status = path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                return
            if stat.S_ISDIR(status.st_mode):
                if not is_named and _is_foreign(path):
                    return
                seen.add(identity)
                for child in sorted(path.iterdir()):
                    yield from self._find(child, seen)
            elif is_named or path.suffix == ".py":
                seen.add(identity)
                if stat.S_ISREG(status.st_mode):
                    yield path
                else:
                    self._leave_out(path, "not a regular file")
        except OSError as error:
            if is_named or path.suffix == ".py":
                self._leave_out(path, error.strerror or "cannot be read")
        except RecursionError:
            self._leave_out(path, "folders nested too deep")

    def _parse(self, path: Path, root: Path) -> None:
        try:
            with path.open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
            if len(data) > FILE_BYTES_MAX:
                self._leave_out(path, f"larger than {FILE_BYTES_MAX:,} bytes")
                return
            source = _decoded(data)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes are the business of others
                tree = ast.parse(source)
        except OSError as error:
            self._leave_out(path, error.strerror or "input/output error")
        except SyntaxError as error:
            # The message of a SyntaxError can quote the source, so only its place is told.
            self._leave_out(path, f"not Python: syntax error in line {error.lineno or '?'}")
        except (RecursionError, MemoryError):
            self._leave_out(path, "nested too deep to parse")
        except ValueError as error:
            why = error.args[0] if isinstance(error, _NotSourceError) else "not a source text"
            self._leave_out(path, f"not Python: {why}")
        else:
            shown = printable(str(path))
            self.files.append(SourceFile(shown, root, path, source, tree, len(source.split("\n"))))

    def _leave_out(self, path: Path, why: str) -> None:
        self.unreadable.append(Unreadable(printable(str(path)), why))


class _NotSourceError(ValueError):
    """Bytes that no Python program consists of."""


def _decoded(data: bytes) -> str:
    if b"\x00" in data:
        raise _NotSourceError("it holds NUL bytes")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if encoding in _ENCODINGS:
            return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        raise _NotSourceError("its bytes do not fit its encoding") from None
    raise _NotSourceError("its encoding is not supported")


def _is_foreign(folder: Path) -> bool:
    """Hidden folders, caches and virtual environments are not the project's own code."""
    return (
        folder.name.startswith(".")
        or folder.name in _SKIPPED_FOLDERS
        or (folder / "pyvenv.cfg").exists()
    )

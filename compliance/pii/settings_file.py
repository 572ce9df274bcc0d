"""Settings of a team: `queueproof.toml`, or `[tool.queueproof]` in `pyproject.toml`.

One table for each command: [scan], [lint]. What is wrong in it is told by file, key and value. What
checks the values loads slowly, so it is imported only where there is a table.
"""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from compliance.pii.printable import printable

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    Model = TypeVar("Model", bound=BaseModel)

OWN_FILE, PROJECT_FILE = "queueproof.toml", "pyproject.toml"
_SHOWN_CHARS_MAX = 60


class SettingsError(ValueError):
    """A settings file that cannot be used; says file, key, value and what was wanted."""


class Table(NamedTuple):
    """The settings of one command, as they are written."""

    file: Path
    values: dict[str, Any]


def find_table(command: str, path: Path | None, folder: Path) -> Table | None:
    """The command's table in a file, or in the nearest file at or above the folder; None without
    a file. Raises SettingsError.
    """
    file = path or _nearest(command, folder)
    return None if file is None else Table(file, _values(command, file))


def placed(folder: Path, path: str) -> Path:
    """A path of a file in this folder, as reports should name it: from the working directory on,
    where it lies below that, so that a platform finds it in its tree.
    """
    whole, here = folder / path, Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole


def checked(model: type["Model"], table: Table) -> "Model":
    """The table's values, as a strict model wants them. Raises SettingsError."""
    from pydantic import ValidationError  # noqa: PLC0415 - paid for by the model

    try:
        return model.model_validate(_as_tuples(table.values))
    except ValidationError as error:
        raise SettingsError(f"{table.file}: {_told(error)}") from None


def _nearest(command: str, folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        own, project = place / OWN_FILE, place / PROJECT_FILE
        if own.is_file():
            return own
        if project.is_file() and command in _read(project).get("tool", {}).get("queueproof", {}):
            return project
    return None


def _values(command: str, path: Path) -> dict[str, Any]:
    keys = ("tool", "queueproof", command) if path.name == PROJECT_FILE else (command,)
    table: Any = _read(path)
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {'.'.join(keys)}: wanted a table")
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror or 'unknown'})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: wanted UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {printable(str(error))}") from None


def _as_tuples(value: Any) -> Any:
    """TOML has arrays only; strict models want tuples."""
    if isinstance(value, list):
        return tuple(_as_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return value


def _told(error: "ValidationError") -> str:
    """The first of the errors: key, value, what was wanted."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "extra_forbidden":
        return f"{printable(key)}: no such setting"
    if first["type"] == "missing":
        return f"{printable(key)}: is missing"
    shown = printable(repr(first["input"]))
    if len(shown) > _SHOWN_CHARS_MAX:
        shown = f"{shown[:_SHOWN_CHARS_MAX]}.."
    message = first["msg"].removeprefix("Value error, ")
    return f"{printable(key)} = {shown}: {message[:1].lower()}{message[1:]}"

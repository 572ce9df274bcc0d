"""Settings of `queueproof lint` in `queueproof.toml` ([lint]) or `[tool.queueproof.lint]`.

    paths = ["src"]
    fail_on = "warning"
    pii_names = ["loyalty_number"]        # further names of personal data
    sanitizers = ["pseudonym"]            # further functions whose answer is safe to log

Which findings pass is said in the code, beside what is allowed; see allow.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from compliance.pii.settings_file import Table, checked, find_table, placed

FailOn = Literal["error", "warning"]


@dataclass(frozen=True)
class LintSettings:
    """What a file says, and where its relative paths start."""

    folder: Path
    paths: tuple[str, ...] = ()
    fail_on: FailOn = "error"
    pii_names: tuple[str, ...] = ()
    sanitizers: tuple[str, ...] = ()

    @property
    def targets(self) -> list[Path]:
        return [placed(self.folder, path) for path in self.paths]


def load_settings(path: Path | None, folder: Path) -> LintSettings:
    """Those of a file, or of the nearest one at or above the folder. Raises SettingsError."""
    table = find_table("lint", path, folder)
    return LintSettings(folder) if table is None or not table.values else _settings(table)


def _settings(table: Table) -> LintSettings:
    from pydantic import BaseModel, ConfigDict, Field  # noqa: PLC0415 - loads slowly

    Name = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$")]  # noqa: N806 - a type

    class Keys(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        paths: tuple[Annotated[str, Field(min_length=1)], ...] = ()
        fail_on: FailOn = "error"
        pii_names: tuple[Name, ...] = ()
        sanitizers: tuple[Name, ...] = ()

    return LintSettings(folder=table.file.absolute().parent, **checked(Keys, table).model_dump())

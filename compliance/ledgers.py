"""Opens an experiment's ledgers in DuckDB, checked, without taking them into memory.

A sealed ledger is read from its file each time that it is asked; an open one, as a killed run
leaves it, is small enough to be loaded.
"""

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scenarios.evidence import (
    LEDGERS,
    EvidenceError,
    checked_columns,
    ledger_batches,
    read_ledger,
    sealed_schema,
)

# Beside it stand the plan and the libraries, about 0.6 GB for ten million emails.
MEMORY_LIMIT = "2900MB"
TYPES: dict[pa.DataType, str] = {
    pa.string(): "varchar",
    pa.float64(): "double",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.list_(pa.string()): "varchar[]",
}

# A query that is wrong in itself; whatever else DuckDB says is about the files, or their size.
OUR_MISTAKES = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)

Say = Callable[[str], None]


def silent(text: str) -> None:
    """Says nothing of how far the judging is."""


class Ledgers(contextlib.AbstractContextManager["Ledgers"]):
    """One experiment's ledgers as views of a database in memory.

    What does not fit into its limit goes to a folder of its own, which is removed at the end.
    """

    def __init__(self, experiment: Path, say: Say = silent) -> None:
        """Raises EvidenceError when a ledger is damaged."""
        self.experiment = experiment
        scratch = Path(tempfile.mkdtemp(prefix="queueproof-judge-"))
        # Also when nobody closes it.
        self._remove = weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        self.db = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(scratch),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        try:
            for name in LEDGERS:
                say(f"checking the {name} ledger")
                _attach(self.db, experiment, name, scratch)
        except duckdb.Error as error:
            self.close()
            raise EvidenceError(f"{experiment}: cannot be read: {error}") from error
        except BaseException:
            self.close()
            raise
        pa.default_memory_pool().release_unused()

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query; `$name` stands for a parameter.

        Raises EvidenceError when a file turns out to be damaged where it had not been looked at.
        """
        with self._readable():
            return self.db.execute(sql, parameters).fetchall()

    def columns(self, sql: str) -> list[npt.NDArray[np.float64]]:
        """The same for columns of numbers, where null is no number. Raises EvidenceError."""
        with self._readable():
            columns = self.db.execute(sql).fetchnumpy().values()
        return [np.ma.filled(column.astype(np.float64), np.nan) for column in columns]

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OUR_MISTAKES:
            raise
        except duckdb.Error as error:
            raise EvidenceError(f"{self.experiment}: cannot be read: {error}") from error

    def close(self) -> None:
        self.db.close()
        self._remove()

    def __exit__(self, *_: object) -> None:
        self.close()


def _attach(db: duckdb.DuckDBPyConnection, experiment: Path, name: str, scratch: Path) -> None:
    schema, sealed = LEDGERS[name], sealed_schema(experiment, name)
    if sealed is None or not _is_as_written(sealed, schema):
        db.register(name, read_ledger(experiment, name))
        return
    for _ in ledger_batches(experiment, name, checked_columns(name)):
        pass  # each is checked as it passes
    # A link of our own: the path of a run may hold what SQL or a glob would act on.
    link = scratch / f"{name}.parquet"
    link.symlink_to((experiment / f"{name}.parquet").resolve())
    columns = ", ".join(
        f'"{field.name}"'
        if field.name in sealed.names
        else f'cast(null as {TYPES[field.type]}) as "{field.name}"'
        for field in schema
    )
    db.execute(f"create view {name} as select {columns} from read_parquet('{link}')")  # noqa: S608


def _is_as_written(sealed: pa.Schema, schema: pa.Schema) -> bool:
    """Whether a file has our own types; a nullable column may be younger than the run."""
    return len(set(sealed.names)) == len(sealed.names) and all(
        sealed.field(field.name).type == field.type
        if field.name in sealed.names
        else field.nullable
        for field in schema
    )

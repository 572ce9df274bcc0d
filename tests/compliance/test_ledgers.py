"""Ledgers read in place: every form of them, and nothing of a damaged one in silence."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from compliance.ledgers import Ledgers
from scenarios.evidence import LEDGERS, EvidenceError

ROWS = [
    {"at_s": float(n), "event": "stored", "queue": "q", "dedup_id": f"em_{n}", "body_sha256": "b"}
    for n in range(3_000)
]


def sealed(folder, rows=ROWS, schema=LEDGERS["queue"]):
    folder.mkdir(exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, folder / "queue.parquet", compression="none", use_dictionary=False)
    return folder / "queue.parquet"


def count(folder, column="*"):
    with Ledgers(folder) as ledgers:
        return ledgers.rows(f"from queue select count({column})")[0][0]


def test_a_sealed_ledger_is_read_in_place_and_no_other_is_missed(tmp_path):
    sealed(tmp_path / "run")
    with Ledgers(tmp_path / "run") as ledgers:
        assert ledgers.rows("from queue select count(*), max(at_s)") == [(3_000, 2_999.0)]
        assert [ledgers.rows(f"from {name} select count(*)") for name in LEDGERS if name != "queue"]


@pytest.mark.parametrize("name", ["it's", "a*[b]?", "semi;colon", "ü and space"])
def test_the_path_of_a_run_is_only_a_path(tmp_path, name):
    sealed(tmp_path / name)
    assert count(tmp_path / name) == 3_000


def test_a_column_younger_than_the_run_is_empty(tmp_path):
    schema = pa.schema([field for field in LEDGERS["queue"] if field.name != "sequence"])
    sealed(tmp_path / "run", schema=schema)
    assert count(tmp_path / "run", "sequence") == 0
    assert count(tmp_path / "run", "dedup_id") == 3_000


def test_types_that_another_tool_wrote_are_taken_as_ours(tmp_path):
    schema = LEDGERS["queue"].set(0, pa.field("at_s", pa.float32(), nullable=False))
    sealed(tmp_path / "run", schema=schema)
    assert count(tmp_path / "run") == 3_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"event": "vanished"}, "event is 'vanished'"),
        ({"at_s": float("nan")}, "at_s is not a finite number"),
        ({"queue": None}, "1 rows without queue"),
    ],
)
def test_a_row_that_a_check_would_pass_over_is_refused(tmp_path, change, said):
    nullable = pa.schema([field.with_nullable(True) for field in LEDGERS["queue"]])
    sealed(tmp_path / "run", [*ROWS, ROWS[0] | change], nullable)
    with pytest.raises(EvidenceError, match=said):
        count(tmp_path / "run")


def test_a_column_without_which_rows_prove_nothing_is_missed(tmp_path):
    schema = pa.schema([field for field in LEDGERS["queue"] if field.name != "event"])
    sealed(tmp_path / "run", schema=schema)
    with pytest.raises(EvidenceError, match="3000 rows without event"):
        count(tmp_path / "run")


def test_damage_in_a_column_that_was_not_looked_at_is_told_when_it_is_met(tmp_path):
    path = sealed(tmp_path / "run")
    offset = pq.ParquetFile(path).metadata.row_group(0).column(8).data_page_offset
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match="cannot be read"):
        count(tmp_path / "run", "distinct body_sha256")


def test_the_folder_for_what_does_not_fit_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sealed(tmp_path / "run")
    with Ledgers(tmp_path / "run"):
        assert list(tmp_path.glob("queueproof-judge-*"))
    (tmp_path / "run" / "queue.parquet").write_bytes(b"PAR1")
    with pytest.raises(EvidenceError):
        Ledgers(tmp_path / "run")
    assert not list(tmp_path.glob("queueproof-judge-*"))

"""The run directory: what was written is read back, in either form, and damage is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.evidence import (
    LEDGERS,
    EvidenceError,
    read_experiment,
    read_ledger,
    read_manifest,
    seal,
)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "at_s": st.floats(0, 1e6),
            "source": st.text(),
            "name": st.text(),
            "value": st.floats(0, 1),
        }
    ),
    max_size=20,
)


def write_lines(folder, name, rows, tail=""):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(text + tail)


@given(rows=ROWS)
def test_sealing_changes_the_form_and_nothing_else(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    write_lines(folder, "metrics", rows)
    before = read_ledger(folder, "metrics").to_pylist()
    seal(folder)
    assert not (folder / "metrics.jsonl").exists()
    assert read_ledger(folder, "metrics").to_pylist() == before == rows


@pytest.mark.parametrize("name", LEDGERS)
def test_component_that_wrote_nothing_has_an_empty_ledger(name, tmp_path):
    table = read_ledger(tmp_path, name)
    assert table.num_rows == 0
    assert table.schema == LEDGERS[name]


def test_torn_last_line_is_passed_over(tmp_path):
    write_lines(tmp_path, "metrics", [{"at_s": 1.0}], tail='{"at_s": 2.')
    assert read_ledger(tmp_path, "metrics")["at_s"].to_pylist() == [1.0]


def test_damage_in_the_middle_is_named(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"at_s": 1}\ngarbage\n{"at_s": 2}\n')
    with pytest.raises(EvidenceError, match=r"metrics\.jsonl:2: not JSON"):
        read_ledger(tmp_path, "metrics")


@pytest.mark.parametrize("text", ['{"at_s": "noon"}\n', "[1]\n", '"x"\n'])
def test_rows_of_another_shape_are_named(tmp_path, text):
    (tmp_path / "metrics.jsonl").write_text(text)
    with pytest.raises(EvidenceError, match="metrics"):
        read_ledger(tmp_path, "metrics")


def test_damaged_parquet_is_named(tmp_path):
    (tmp_path / "sink.parquet").write_bytes(b"not parquet")
    with pytest.raises(EvidenceError, match="sink"):
        read_ledger(tmp_path, "sink")


def test_what_is_no_run_directory_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="is this a run directory"):
        read_manifest(tmp_path)
    (tmp_path / "experiment.json").write_text('{"name": 1}')
    with pytest.raises(EvidenceError, match=r"experiment\.json: "):
        read_experiment(tmp_path)

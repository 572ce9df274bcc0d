"""The run directory: what was written is read back, in either form, and damage is named."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
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


SAMPLE = {"at_s": 1.0, "source": "api", "name": "cpu_share", "value": 0.5}


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
    write_lines(tmp_path, "metrics", [SAMPLE], tail='{"at_s": 2.')
    assert read_ledger(tmp_path, "metrics")["at_s"].to_pylist() == [1.0]


def test_a_torn_line_in_the_middle_is_passed_over_when_its_writer_said_so(tmp_path):
    """As a component leaves it that was killed while it wrote, and started again."""
    write_lines(tmp_path, "metrics", [SAMPLE], tail='{"at_s": 2.\x18\n')
    with (tmp_path / "metrics.jsonl").open("a") as ledger:
        ledger.write('{"at_s": 3, "source": "api", "name": "cpu_share", "value": 1}\n')
    assert read_ledger(tmp_path, "metrics")["at_s"].to_pylist() == [1.0, 3.0]


def test_damage_in_the_middle_is_named(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"at_s": 1}\ngarbage\n{"at_s": 2}\n')
    with pytest.raises(EvidenceError, match=r"metrics\.jsonl:2: not JSON"):
        read_ledger(tmp_path, "metrics")


@pytest.mark.parametrize("text", ['{"at_s": "noon"}\n', "[1]\n", '"x"\n'])
def test_rows_of_another_shape_are_named(tmp_path, text):
    (tmp_path / "metrics.jsonl").write_text(text)
    with pytest.raises(EvidenceError, match="metrics"):
        read_ledger(tmp_path, "metrics")


@pytest.mark.parametrize(
    ("ledger", "row", "named"),
    [
        ("metrics", SAMPLE | {"at_s": None}, "1 rows without at_s"),
        ("metrics", SAMPLE | {"value": float("nan")}, "value is not a finite number"),
        ("metrics", SAMPLE | {"at_s": float("inf")}, "at_s is not a finite number"),
        ("sender", {"at_s": 1, "kind": "OK", "key": "k", "attempt": 1}, "kind is 'OK'"),
        ("sender", {"at_s": 1, "kind": "ok", "attempt": 1}, "rows without key"),
        ("queue", {"at_s": 1, "event": "lost", "queue": "q"}, "event is 'lost'"),
    ],
)
@pytest.mark.parametrize("is_sealed", [False, True])
def test_rows_that_a_check_would_pass_over_are_refused(ledger, row, named, is_sealed, tmp_path):
    if is_sealed:
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / f"{ledger}.parquet")
    else:
        write_lines(tmp_path, ledger, [row])
    with pytest.raises(EvidenceError, match=named):
        read_ledger(tmp_path, ledger)


def test_parquet_without_a_column_that_decides_is_refused(tmp_path):
    pq.write_table(pa.table({"at_s": [1.0], "key": ["k"]}), tmp_path / "sender.parquet")
    with pytest.raises(EvidenceError, match="rows without kind"):
        read_ledger(tmp_path, "sender")


def test_a_number_that_no_column_holds_is_refused(tmp_path):
    write_lines(tmp_path, "sender", [{"at_s": 1, "kind": "ok", "key": "k", "attempt": 10**22}])
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_ledger(tmp_path, "sender")


def test_deep_json_is_refused(tmp_path):
    (tmp_path / "sink.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(EvidenceError, match="not JSON"):
        read_ledger(tmp_path, "sink")


def plan(**changes):
    return {"scenario": "s", "scenario_sha256": "0", "claims": []} | changes


@pytest.mark.parametrize(
    ("experiments", "plans", "named"),
    [
        (["../x"], {}, "experiments.0"),
        (["a" * 300], {}, "experiments.0"),
        (["a", "a"], {}, "each name may stand once"),
        (["a"], {"a": plan(control="a")}, "not a control of the same scenario"),
        (["a"], {"a": plan(control="b")}, "not a control of the same scenario"),
        (["a"], {"a": plan(is_control=True)}, "a control of nothing"),
        (
            ["a", "b"],
            {"a": plan(control="b"), "b": plan(is_control=True, scenario_sha256="1")},
            "not a control of the same scenario",
        ),
    ],
)
def test_manifests_that_contradict_themselves_are_refused(experiments, plans, named, tmp_path):
    manifest = {
        "name": "run",
        "started_at": "",
        "seed": 1,
        "commit": None,
        "versions": {},
        "machine": {"system": "", "python": "", "cpu_count": 1, "memory_bytes": 1},
        "command": [],
        "experiments": experiments,
        "plans": plans,
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(EvidenceError, match=named):
        read_manifest(tmp_path)


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

"""A canary file is refused with file, line and what was wanted, and never with a value."""

import pytest

from compliance.pii import Canary, CanaryFileError, load_canaries

SECRET = "jane.doe@example.com"


def test_lines_are_read_in_order_and_blank_ones_skipped(tmp_path):
    path = tmp_path / "canaries.jsonl"
    path.write_text(
        '{"kind": "email", "value": "a@example.com"}\n\n{"kind":"body","value":"Hi all"}\n'
    )
    assert load_canaries(path) == [Canary("email", "a@example.com"), Canary("body", "Hi all")]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (f'{{"kind": "email", "value": "{SECRET}"', "line 2: wanted one JSON object"),
        (f'["{SECRET}"]', "line 2: wanted one JSON object"),
        (f'{{"kind": "email", "valeu": "{SECRET}"}}', "line 2: no 'value'"),
        (f'{{"value": "{SECRET}"}}', "line 2: no 'kind'"),
        (f'{{"kind": "{SECRET}", "value": "x@example.com"}}', "line 2: kind: wanted"),
        ('{"kind": "email", "value": 7}', "line 2: value: wanted text of at least 3"),
        ('{"kind": "email", "value": "ab"}', "line 2: value: wanted text of at least 3"),
        (
            f'{{"kind": "email", "value": "{SECRET}\\u0000"}}',
            "line 2: value: wanted text without NUL",
        ),
    ],
)
def test_bad_line_is_named_without_its_value(tmp_path, line, wanted):
    path = tmp_path / "canaries.jsonl"
    path.write_text(f'{{"kind": "email", "value": "a@example.com"}}\n{line}\n')
    with pytest.raises(CanaryFileError) as error:
        load_canaries(path)
    assert f"{path}, {wanted}" in str(error.value)
    assert "jane" not in str(error.value)


def test_missing_and_empty_files_are_refused(tmp_path):
    with pytest.raises(CanaryFileError, match="cannot be read"):
        load_canaries(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CanaryFileError, match="holds no canary"):
        load_canaries(tmp_path / "empty.jsonl")


def test_a_canary_does_not_show_its_value():
    assert "jane" not in repr(Canary("email", SECRET))

"""Hostile and broken files: each is said and left out, the rest is checked, nothing is raised."""

import os
from datetime import date

import pytest

from compliance.pii.source_check import check_source
from compliance.pii.source_check.files import FILE_BYTES_MAX

TODAY = date(2026, 6, 1)
LEAK = "def send(recipient):\n    print(recipient)\n"

BROKEN = {
    "NUL bytes": (b"x = 1\x00\n", "it holds NUL bytes"),
    "invalid UTF-8": (b"x = '\xff\xfe'\n", "do not fit its encoding"),
    "a syntax error": (b"def f(:\n", "syntax error in line 1"),
    "Python 2": (b"print 'hello'\n", "syntax error in line 1"),
    "an unknown encoding": (b"# coding: klingon\nx = 1\n", "do not fit its encoding"),
    "an encoding that is a trick": (b"# coding: unicode_escape\nx = 1\n", "not supported"),
    "two encodings": (b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", "do not fit its encoding"),
    "brackets without end": (b"(" * 5_000, "syntax error|nested too deep"),
    "deep brackets": (b"(" * 2_000 + b")" * 2_000, "nested too deep|syntax error"),
    "deep operators": (b"x = " + b"-" * 20_000 + b"1\n", "nested too deep"),
    "a huge integer": (b"x = " + b"9" * 10_000 + b"\n", "syntax error|not a source text"),
    "too large": (b"#" * (FILE_BYTES_MAX + 1), "larger than"),
    "surrogates": (b"x = '\xed\xa0\x80'\n", "do not fit its encoding"),
}


@pytest.mark.parametrize(("data", "why"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_said_and_the_rest_is_checked(tmp_path, data, why):
    (tmp_path / "broken.py").write_bytes(data)
    (tmp_path / "leak.py").write_text(LEAK)
    report = check_source([tmp_path], today=TODAY)
    [left_out] = report.unreadable
    assert left_out.path.endswith("broken.py")
    assert any(one in left_out.why for one in why.split("|"))
    assert [finding.rule for finding in report.findings] == ["pii-print"]
    assert not report.is_complete


FOLLOWED = {
    "a long sum": "x = " + " + ".join(["recipient"] * 900),
    "many elifs": "if a: pass\n" + "\n".join(f"elif a == {n}: pass" for n in range(900)),
    "a byte order mark": "\ufeffx = 1",
    "form feeds": "x = 1\n\f\ny = 2\n",
    "other characters": "name_ = 'Zoë'; größe = 1",
}


@pytest.mark.parametrize("code", FOLLOWED.values(), ids=FOLLOWED)
def test_odd_but_valid_code_is_checked_whole(tmp_path, code):
    (tmp_path / "odd.py").write_text(code, encoding="utf-8")
    report = check_source([tmp_path], today=TODAY)
    assert (report.unreadable, report.findings, report.files) == ((), (), 1)


def test_a_function_nested_too_deep_is_said_and_its_neighbours_are_checked(tmp_path):
    chain = "x" + ".f()" * 90
    for _ in range(3):
        chain = f"g({chain}, {'[' * 60}1{']' * 60})"
    deep = "x" + ".y()" * 180
    (tmp_path / "deep.py").write_text(
        f"def deep(x):\n    return {deep}\n{LEAK}def chained(x):\n    return {chain}\n"
    )
    report = check_source([tmp_path], today=TODAY)
    assert [finding.rule for finding in report.findings] == ["pii-print"]
    assert all("nested too deep to follow" in one.why for one in report.unreadable)


def test_nested_loops_do_not_double_the_work_with_each_level(tmp_path):
    lines = ["def f(recipients):"]
    lines += ["    " * depth + f"for v{depth} in recipients:" for depth in range(1, 18)]
    lines.append("    " * 18 + "print(v17)")
    (tmp_path / "loops.py").write_text("\n".join(lines))
    report = check_source([tmp_path], today=TODAY)
    assert [finding.rule for finding in report.findings] == ["pii-print"]


def test_aliases_that_contain_themselves_many_times_end(tmp_path):
    """Without memory this would take 40 to the power of 8 steps."""
    names = [f"A{n}" for n in range(40)]
    unions = [f"{name} = Union[{', '.join(names)}]" for name in names]
    (tmp_path / "knot.py").write_text("\n".join([*unions, "def f(x: A0): ...", LEAK]))
    report = check_source([tmp_path], today=TODAY)
    assert [finding.rule for finding in report.findings] == ["pii-print"]


def test_a_function_that_takes_too_long_is_given_up_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("compliance.pii.source_check.frame.STEPS_MAX", 100)
    many = "\n".join("    x = f(x)" for _ in range(100))
    (tmp_path / "long.py").write_text(f"def long(x):\n{many}\n{LEAK}")
    report = check_source([tmp_path], today=TODAY)
    assert [finding.rule for finding in report.findings] == ["pii-print"]
    assert [one.why for one in report.unreadable] == ["line 1: long: too complex to follow"]


def test_functions_that_call_each_other_come_to_rest(tmp_path):
    (tmp_path / "knot.py").write_text(
        """
def a(x, n):
    return b([x], n) if n else x
def b(y, n):
    return {"k": a(y, n - 1)}
def run(user):
    print(a(user.email, 3))
"""
    )
    report = check_source([tmp_path], today=TODAY)
    assert [finding.spot.line for finding in report.findings] == [7]


def test_links_in_circles_end_and_every_file_is_read_once(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "leak.py").write_text(LEAK)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "self.py").symlink_to(folder / "self.py")
    (folder / "other.py").symlink_to(folder / "leak.py")
    report = check_source([tmp_path, folder], today=TODAY)
    assert report.files == 1
    assert [one.path.rpartition("/")[2] for one in report.unreadable] == ["self.py"]


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    report = check_source([tmp_path, tmp_path / "missing.py"], today=TODAY)
    assert sorted((one.path.rpartition("/")[2], one.why) for one in report.unreadable) == [
        ("missing.py", "No such file or directory"),
        ("pipe.py", "not a regular file"),
    ]


def test_environments_and_hidden_folders_are_left_out_unless_named(tmp_path):
    for folder in (".hidden", "env", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "leak.py").write_text(LEAK)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert check_source([tmp_path], today=TODAY).files == 0
    assert check_source([tmp_path / "env"], today=TODAY).files == 1
    assert check_source([tmp_path / ".hidden" / "leak.py"], today=TODAY).files == 1


def test_names_with_control_characters_are_shown_escaped(tmp_path):
    (tmp_path / "a\x1b[31m.py").write_text("def f(:")
    [left_out] = check_source([tmp_path], today=TODAY).unreadable
    assert "\x1b" not in left_out.path


def test_columns_count_characters(tmp_path):
    (tmp_path / "wide.py").write_text('def f(recipient):\n    "ééé"; print(recipient)\n')
    [finding] = check_source([tmp_path], today=TODAY).findings
    assert (finding.spot.line, finding.spot.column) == (2, 12)

"""Settings of lint in a file: used, told apart from the options, and refused with key and value."""

import pytest

from compliance.pii.source_check.cli import main

LEAK = "import logging\n\ndef greet(member):\n    logging.info(member.loyalty_number)\n"
MASKED = """
import logging
def pseudonym(text):
    return text.upper()
def greet(user):
    logging.info(pseudonym(user.email))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a source tree, in which the command is started."""
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(code, settings, name="queueproof.toml"):
        (tmp_path / "src" / "a.py").write_text(code)
        (tmp_path / name).write_text(settings)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("code", "settings", "found"),
    [
        (LEAK, 'paths = ["src"]', 0),
        (LEAK, 'paths = ["src"]\npii_names = ["loyalty_number"]', 1),
        (MASKED, 'paths = ["src"]', 1),
        (MASKED, 'paths = ["src"]\nsanitizers = ["pseudonym"]', 0),
    ],
)
@pytest.mark.parametrize(
    ("name", "table"), [("queueproof.toml", "lint"), ("pyproject.toml", "tool.queueproof.lint")]
)
def test_the_nearest_file_is_used(project, name, table, code, settings, found):
    project(code, f"[{table}]\n{settings}\n", name)
    assert main([]) == found


def test_paths_are_told_from_the_working_directory_on(project, capsys, tmp_path, monkeypatch):
    project(MASKED, '[lint]\npaths = ["src"]\n')
    main([])
    assert capsys.readouterr().out.startswith("src/a.py:6:")
    monkeypatch.chdir(tmp_path / "src")
    main([])
    assert capsys.readouterr().out.startswith("a.py:6:")


def test_names_of_the_command_line_are_added_to_those_of_the_file(project):
    project(LEAK, '[lint]\npaths = ["src"]\npii_names = ["shoe_size"]\n')
    assert main(["--pii-name", "loyalty_number"]) == 1


def test_a_file_named_elsewhere_says_where_its_paths_start(project, tmp_path, monkeypatch):
    config = project(MASKED, '[lint]\npaths = ["src"]\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["--config", str(config)]) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('[lint]\nfail_on = "never"', "fail_on = 'never'"),
        ('[lint]\npii_names = ["a b"]', "pii_names.0 = 'a b'"),
        ("[lint]\nfailon = 1", "failon: no such setting"),
        ('[lint]\npaths = "src"', "paths = 'src'"),
        ("lint = 3", "lint: wanted a table"),
        ("[lint", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_key_and_value(project, capsys, settings, told):
    config = project(LEAK, settings)
    assert main(["src"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {config}: {told}")


def test_without_any_path_it_is_usage(project, capsys):
    project(LEAK, "")
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "nothing to check" in capsys.readouterr().err

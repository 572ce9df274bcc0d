"""Small trees of Python files, written where a check can read them."""

from datetime import date

import pytest

from compliance.pii.source_check import CheckSettings, check_source

TODAY = date(2026, 6, 1)


@pytest.fixture
def check_code(tmp_path):
    """Checks a text. A line `### app/models.py` in it begins the next file, `# LEAK` marks it."""

    def run(code, **settings):
        for name, text in split(code):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_source([tmp_path], today=TODAY, settings=CheckSettings(**settings))

    return run


def split(code):
    """(name, text) of each file; lines keep the numbers they have in the whole."""
    files, name, lines = [], "main.py", []
    for number, line in enumerate(code.split("\n")):
        if line.startswith("### "):
            if any(one.strip() for one in lines):
                files.append((name, "\n".join(lines)))
            name, lines = line[4:].strip(), [""] * (number + 1)
        else:
            lines.append(line)
    return [*files, (name, "\n".join(lines))]


@pytest.fixture
def marked():
    """The numbers of the lines that hold a mark."""

    def find(code, mark="# LEAK"):
        return [number for number, line in enumerate(code.split("\n"), 1) if mark in line]

    return find

"""The conformance table names tests that exist."""

import ast
import re
from pathlib import Path

import reference.cloud.sqs

HERE = Path(__file__).parent
README = Path(reference.cloud.sqs.__file__).with_name("README.md")


def test_every_test_named_in_the_conformance_table_exists():
    defined = {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    named = re.findall(r"`(test_\w+)`", README.read_text())
    assert len(named) > 50
    assert set(named) - defined == set()

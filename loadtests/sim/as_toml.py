"""A scenario as the TOML file that it could have been read from."""

import json
from typing import Any

from scenarios.model import Scenario


def as_toml(scenario: Scenario) -> str:
    """`scenarios.model.parse_scenario` makes the same scenario of it."""
    return "\n".join(_table(scenario.model_dump(mode="json", exclude_none=True), "")) + "\n"


def _table(table: dict[str, Any], path: str) -> list[str]:
    """A table's own keys first, then the tables in it, each under its full name."""
    lines, inner = [], []
    for name, value in table.items():
        full = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            inner += ["", f"[{full}]", *_table(value, full)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for each in value:
                inner += ["", f"[[{full}]]", *(f"{key} = {_value(each[key])}" for key in each)]
        else:
            lines.append(f"{name} = {_value(value)}")
    return lines + inner


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(value[name])}" for name in value) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's texts, numbers and truth values are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value).replace("\x7f", "\\u007F")

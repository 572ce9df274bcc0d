"""Findings that were there before the gate: known, counted, and not in the way.

A place is keyed by what stays when a log is written anew: the log statement's template, the JSON
path and the type. Never by line or file: those differ in every run, and a baseline that changes
with each run is one that nobody reads.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from compliance.pii.report import Place

_VERSION = 1


class BaselineError(ValueError):
    """A baseline file that cannot be used; says file, entry and what was wanted."""


class Known(NamedTuple):
    """The identity of a place."""

    kind: str
    json_path: str
    template: str


def known(place: Place) -> Known:
    """The key of a place."""
    return Known(place.kind, place.json_path, place.template)


def load_baseline(path: Path) -> frozenset[Known]:
    """Raises BaselineError for a file that is no baseline."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(
            f"{path}: cannot be read ({error.strerror or 'unknown'}); --write-baseline makes one"
        ) from None
    except ValueError:
        raise BaselineError(f"{path}: not JSON; --write-baseline makes one") from None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise BaselineError(f"{path}: version: wanted {_VERSION}; --write-baseline makes one")
    places = document.get("places")
    if not isinstance(places, list):
        raise BaselineError(f"{path}: places: wanted a list")
    return frozenset(_known(path, number, place) for number, place in enumerate(places))


def write_baseline(path: Path, places: Iterable[Place]) -> int:
    """Sorted, so that a change shows as itself; returns how many were written. Raises OSError."""
    rows = [key._asdict() for key in sorted({known(place) for place in places})]
    text = json.dumps({"version": _VERSION, "places": rows}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return len(rows)


def _known(path: Path, number: int, place: object) -> Known:
    if not isinstance(place, dict):
        raise BaselineError(f"{path}: places[{number}]: wanted an object")
    for field in Known._fields:
        if not isinstance(place.get(field), str):
            raise BaselineError(f"{path}: places[{number}].{field}: wanted text")
    return Known(**{field: place[field] for field in Known._fields})

"""What hangs in the gallery: `tests/planted/catalog.toml`, read and made into exhibits."""

import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROOT = Path(__file__).parent.parent.parent
PLANTED = Path("tests", "planted")  # inside the checkout
CLEAN_MIN = 20  # healthy runs of a whole gallery

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class GalleryError(Exception):
    """There is no such gallery or twin: what is wrong, and what to do."""


class Expected(BaseModel):
    """How a twin has to be refuted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: str
    offence: str  # a part of what the check has to say about its first offences
    # Other claims that the defect honestly breaks, and why it cannot break one without the other.
    also: dict[str, str] = Field(default_factory=dict)
    # Claims that it breaks or not, as chance has it, and why.
    perhaps: dict[str, str] = Field(default_factory=dict)


class Twin(Expected):
    """One broken twin. Its module `tests.planted.<name>` says what is broken."""

    name: Name
    replaces: Literal["api", "worker", "sink", "sqs"]
    scenarios: list[Name] = Field(min_length=1)  # files of tests/planted/scenarios, in order
    configuration: Name | None = (
        None  # file of tests/planted/configurations; none: the scenarios' own
    )

    @property
    def module(self) -> str:
        return f"tests.planted.{self.name.replace('-', '_')}"


class Catalog(BaseModel):
    """All twins, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    twin: list[Twin]


@dataclass(frozen=True)
class Exhibit:
    """One run to come: of a twin, or of the healthy reference where nothing is expected."""

    name: str
    scenarios: tuple[str, ...]  # paths of scenario files
    seed: int
    modules: dict[str, str] = field(default_factory=dict)
    expected: Expected | None = None
    configuration: str = ""  # the path of its file; none: the scenarios' own


def load_catalog(root: Path = ROOT) -> list[Twin]:
    """Raises GalleryError when this is no checkout, or its catalogue cannot be read."""
    path = root / PLANTED / "catalog.toml"
    if not path.is_file():
        raise GalleryError(
            f"{root} has no {PLANTED}: the broken twins are part of the source, not of the "
            "installed package; run `queueproof gallery` from a checkout (pip install -e .)"
        )
    try:
        twins = Catalog.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).twin
    except (ValueError, ValidationError) as error:
        raise GalleryError(f"{path}: {error}") from error
    names = [twin.name for twin in twins]
    if len(set(names)) < len(names):
        raise GalleryError(f"{path}: each twin may stand once")
    return twins


def choose(twins: Sequence[Twin], names: Sequence[str]) -> list[Twin]:
    """Those named, or all. Raises GalleryError for a name that no twin has."""
    known = {twin.name: twin for twin in twins}
    for name in names:
        if name not in known:
            raise GalleryError(f"unknown twin {name!r}; the gallery has: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(twins)


def twin_exhibits(twins: Sequence[Twin], seed: int, root: Path = ROOT) -> list[Exhibit]:
    return [
        Exhibit(
            name=twin.name,
            scenarios=_paths(twin, root),
            seed=seed,
            configuration=_configuration(twin, root),
            modules={twin.replaces: twin.module},
            expected=twin,
        )
        for twin in twins
    ]


def clean_exhibits(
    twins: Sequence[Twin], count: int | None, seed: int, root: Path = ROOT
) -> list[Exhibit]:
    """Healthy runs: the twins' own scenarios in turn, each under another seed.

    Without a `count` so many that each of the scenarios has one.
    """
    works = list(dict.fromkeys((_paths(twin, root), _configuration(twin, root)) for twin in twins))
    if count is None:
        count = max(CLEAN_MIN, len(works))
    return [
        Exhibit(f"clean-{number}", scenarios, number, configuration=configuration)
        for number, (scenarios, configuration) in zip(
            range(seed, seed + count), itertools.cycle(works), strict=False
        )
    ]


def _configuration(twin: Twin, root: Path) -> str:
    if twin.configuration is None:
        return ""
    return str(root / PLANTED / "configurations" / f"{twin.configuration}.toml")


def _paths(twin: Twin, root: Path) -> tuple[str, ...]:
    return tuple(str(root / PLANTED / "scenarios" / f"{name}.toml") for name in twin.scenarios)

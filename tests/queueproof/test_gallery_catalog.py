"""The gallery's registry: every twin can be hung, and says what is wrong with it."""

import ast
import importlib.util

import pytest

from compliance.checks import CHECKS
from compliance.checks.logs import CLAIM as LOGS_CLAIM
from loadtests.pipeline import MODULES
from queueproof.gallery.catalog import (
    PLANTED,
    ROOT,
    GalleryError,
    choose,
    clean_exhibits,
    load_catalog,
    twin_exhibits,
)
from queueproof.suite import plan

TWINS = load_catalog()
NAMES = [twin.name for twin in TWINS]
TWIN = """
[[twin]]
name = "a"
replaces = "api"
scenarios = ["s"]
claim = "c"
offence = "o"
"""
WORDS_MIN = 15  # of a docstring that says what is wrong, how it bites and who catches it


def source_of(twin):
    return ROOT / PLANTED / f"{twin.module.rsplit('.', 1)[-1]}.py"


@pytest.mark.parametrize("twin", TWINS, ids=NAMES)
def test_a_twin_is_documented_and_can_be_loaded(twin):
    path = source_of(twin)
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring is not None
    assert len(docstring.split()) >= WORDS_MIN
    for claim in (twin.claim, *twin.also, *twin.perhaps):
        assert claim in docstring
    spec = importlib.util.spec_from_file_location(f"planted_{path.stem}", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))  # starts nothing


@pytest.mark.parametrize("twin", TWINS, ids=NAMES)
def test_a_twins_claims_are_tried_by_its_scenarios(twin):
    """A claim that nobody tries could not be refuted."""
    (exhibit,) = twin_exhibits([twin], seed=1)
    planned_ones = plan(exhibit.scenarios, exhibit.configuration)
    tried = {claim for planned in planned_ones for claim in planned.scenario.claims}
    assert {twin.claim, *twin.also, *twin.perhaps} <= tried
    assert tried <= {*CHECKS, LOGS_CLAIM}
    assert twin.replaces in MODULES


def test_no_twin_and_no_scenario_is_forgotten_in_the_catalogue():
    planted = {path.stem for path in (ROOT / PLANTED).glob("*.py")}
    assert planted == {twin.module.rsplit(".", 1)[-1] for twin in TWINS}
    scenarios = {path.stem for path in (ROOT / PLANTED / "scenarios").glob("*.toml")}
    assert scenarios == {name for twin in TWINS for name in twin.scenarios}
    configurations = {path.stem for path in (ROOT / PLANTED / "configurations").glob("*.toml")}
    assert configurations == {twin.configuration for twin in TWINS} - {None}


def test_clean_runs_use_every_scenario_and_a_seed_each():
    works = {(each.scenarios, each.configuration) for each in twin_exhibits(TWINS, seed=1)}
    exhibits = clean_exhibits(TWINS, None, seed=2)
    assert len(exhibits) >= 20
    assert {(each.scenarios, each.configuration) for each in exhibits} == works
    assert len({exhibit.seed for exhibit in exhibits}) == len(exhibits)
    assert not any(exhibit.modules or exhibit.expected for exhibit in exhibits)


def test_named_twins_are_chosen_once_each():
    assert [twin.name for twin in choose(TWINS, [NAMES[1], NAMES[0], NAMES[1]])] == [
        NAMES[1],
        NAMES[0],
    ]


def test_an_unknown_twin_is_refused_with_the_known_ones():
    with pytest.raises(GalleryError, match=f"unknown twin 'nobody'; the gallery has: {NAMES[0]}"):
        choose(TWINS, ["nobody"])


def test_without_a_checkout_there_is_no_gallery(tmp_path):
    with pytest.raises(GalleryError, match="from a checkout"):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[[twin]]",
        "not toml",
        TWIN.replace("api", "moon"),
        TWIN + TWIN,
    ],
)
def test_a_catalogue_that_cannot_be_understood_is_refused(tmp_path, text):
    (tmp_path / PLANTED).mkdir(parents=True)
    (tmp_path / PLANTED / "catalog.toml").write_text(text)
    with pytest.raises(GalleryError, match=r"catalog\.toml"):
        load_catalog(tmp_path)


def test_the_readme_counts_the_twins_that_there_are():
    readme = (ROOT / "README.md").read_text()
    assert f"{len(TWINS)} of {len(TWINS)} broken twins caught" in readme

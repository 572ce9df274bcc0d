"""The page: complete, offline, readable without eyes or mouse, and deaf to hostile text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from compliance.verdict import Judgement
from reports import html
from reports.view import build

SIZE_BYTES_MAX = 3_000_000
VOID = {"meta", "br", "line", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """Tags with their attributes, and the text of scripts; fails on tags left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self.scripts.append((self.tags[-1][1], data))
        elif self._open and self._open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def charts(self) -> dict[str, dict]:
        return {
            attributes["id"]: json.loads(text)
            for attributes, text in self.scripts
            if attributes.get("type") == "application/json"
        }


@pytest.fixture
def text(baseline_run, judgement):
    return html.render(build(baseline_run, judgement))


@pytest.fixture
def page(text):
    return Page(text)


def test_verdicts_come_as_words_and_link_to_their_evidence(page):
    anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    targets = [attributes["href"] for attributes in page.all("a")]
    assert len(targets) == 3
    assert {target.removeprefix("#") for target in targets} <= anchors
    words = " ".join(" ".join(page.words).split())
    assert "REFUTED" in words
    assert "k19" in words
    assert "acknowledged, never delivered" in words
    assert "Not tried in this run" in words
    assert "queueproof judge runs/20260102-verify" in words


def test_nothing_is_loaded_from_anywhere(page):
    loading = {"src", "srcset", "href", "data", "action", "poster", "xlink:href", "formaction"}
    targets = [
        value
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in loading
    ]
    assert all(target.startswith("#") for target in targets)
    assert not page.all("link")
    assert not page.all("iframe")


def test_nothing_in_style_or_charts_names_a_place_on_the_network(text, page):
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "://" not in json.dumps(page.charts)


def test_the_policy_admits_only_the_page_s_own_script(page):
    (policy,) = (tag["content"] for tag in page.all("meta") if tag.get("http-equiv"))
    (script,) = (text for attributes, text in page.scripts if not attributes)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_every_chart_has_data_a_place_and_a_description(page):
    places = {
        attributes["data-chart"]: attributes
        for attributes in page.all("div")
        if "data-chart" in attributes
    }
    assert set(places) == set(page.charts)
    assert len(places) == 5
    assert all(place["role"] == "img" and place["aria-label"] for place in places.values())
    assert "p99 between 10 and 2,010" in " ".join(place["aria-label"] for place in places.values())


def test_faults_are_shaded_in_every_chart(page):
    for chart in page.charts.values():
        spans = [rows for rows in chart["datasets"].values() if "to" in rows[0]]
        assert [[(row["from"], row["to"]) for row in rows] for rows in spans] == [
            [(1.0, 12.0), (4.0, 6.0)]
        ]


def test_a_refutation_with_doubts_is_not_called_undecided(baseline_run, judgement):
    claim = judgement.claims[0]
    doubted = claim.verdicts[0].model_copy(update={"reasons": ["the generator was late"]})
    claims = [claim.model_copy(update={"verdicts": [doubted]})]
    view = build(baseline_run, judgement.model_copy(update={"claims": claims}))
    words = " ".join(Page(html.render(view)).words)
    assert "Doubts about the experiment" in words
    assert "It cannot tell" not in words


def test_the_page_has_a_language_table_headers_and_one_first_heading(page):
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert all(attributes.get("scope") in {"col", "row"} for attributes in page.all("th"))


def test_the_library_comes_once_and_the_file_stays_light(text):
    assert text.count("vegaEmbed") <= 2_000
    assert len(text.encode()) < SIZE_BYTES_MAX
    assert len([script for script in Page(text).scripts if len(script[1]) > 100_000]) == 1


def test_the_same_evidence_gives_the_same_page(text, baseline_run, judgement):
    assert html.render(build(baseline_run, judgement)) == text


def test_hostile_text_adds_no_tag_no_attribute_and_no_script(hostile_run, judgement):
    run, hostile = hostile_run
    page = Page(html.render(build(run, hostile)))
    kinds = {tag for tag, _ in page.tags}
    assert "b" not in kinds  # which the hostile text tries to open
    assert len([1 for attributes, _ in page.scripts if not attributes]) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert len({attributes["id"] for attributes in page.all("article")}) == len(page.all("article"))
    assert page.charts  # each block is still whole, valid JSON


def test_json_blocks_hold_no_character_that_could_end_them(hostile_run):
    run, hostile = hostile_run
    text = html.render(build(run, hostile))
    blocks = re.findall(r'<script type="application/json" id="[^"]*">(.*?)</script>', text)
    assert len(blocks) == len(Page(text).charts)
    assert not any(set(block) & set("<>&") for block in blocks)


def test_an_empty_judgement_and_a_killed_run_still_make_a_page(killed_run):
    words = " ".join(Page(html.render(build(killed_run, Judgement(run="x", claims=[])))).words)
    assert "No claim was tried" in words
    assert "This run was stopped before its end" in words
    assert "end not recorded" in words

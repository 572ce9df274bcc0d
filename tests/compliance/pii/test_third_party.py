"""Libraries are imported in parts for speed: they answer as the whole would and leave no mark.

Each claim is tried in an interpreter of its own: what is imported once cannot be imported again.
"""

import subprocess
import sys

import pytest

CLAIMS = {
    "the heavy rest of each library is not imported": """
import sys
from compliance.pii.model import load_model
from compliance.pii.third_party import presidio, suffix_extractor
presidio(), suffix_extractor(), load_model()
heavy = {"presidio_analyzer.analyzer_engine", "spacy.cli", "requests", "tldextract", "typer"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
""",
    "whoever imports the whole library later gets it whole": """
from compliance.pii.model import load_model
from compliance.pii.third_party import presidio, suffix_extractor
presidio(), suffix_extractor(), load_model()
import presidio_analyzer, requests, spacy.cli, tldextract
assert presidio_analyzer.AnalyzerEngine and spacy.cli.download and requests.Session
assert presidio_analyzer.nlp_engine.NlpArtifacts is not object
assert tldextract.tldextract.requests is requests
""",
    "what was imported before stays as it was": """
import presidio_analyzer, tldextract, spacy.cli
from compliance.pii.third_party import presidio, spacy as light_spacy, suffix_extractor
presidio(), suffix_extractor()
import sys
assert sys.modules["presidio_analyzer"] is presidio_analyzer
assert sys.modules["tldextract"] is tldextract
assert light_spacy() is spacy and spacy.cli.download
""",
    "a library that is laid out in another way is imported whole": """
from compliance.pii import third_party
third_party._PRESIDIO_PACKAGES = ("presidio_analyzer", "presidio_analyzer.engines_of_tomorrow")
assert third_party.presidio().CreditCardRecognizer().validate_result("4111111111111111")
import sys
assert "presidio_analyzer.analyzer_engine" in sys.modules
""",
    "the parts judge as the whole": """
from compliance.pii.third_party import presidio, suffix_extractor
parts = presidio()
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer, EmailRecognizer, IbanRecognizer
)
import tldextract
whole = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
for card in ("4111111111111111", "4111111111111112", "2223003122003222"):
    assert parts.CreditCardRecognizer().validate_result(card) == (
        CreditCardRecognizer().validate_result(card)
    ), card
for iban in ("GB33BUKB20201555555555", "GB33BUKB20201555555556"):
    ours, theirs = parts.IbanRecognizer(), IbanRecognizer()
    assert len(ours.analyze(iban, ours.supported_entities, None)) == (
        len(theirs.analyze(iban, theirs.supported_entities, None))
    ), iban
for name in ("mail.example.co.uk", "example.notatld", "localhost"):
    assert suffix_extractor()(name).fqdn == whole(name).fqdn, name
assert [p.regex for p in parts.EmailRecognizer.PATTERNS] == (
    [p.regex for p in EmailRecognizer.PATTERNS]
)
""",
    "names are the same as with the model loaded plainly": """
import spacy
from compliance.pii.corpus import clean_lines, labelled_lines
from compliance.pii.model import load_model
name, ours = load_model()
plain = spacy.load(name, disable=["tagger", "parser", "lemmatizer", "attribute_ruler"])
lines = [*labelled_lines(100, seed=5, is_held_out=False), *clean_lines(50, seed=5)]
texts = [line.text for line in lines] + ["Mr. Smith can't pay $5 at 5p.m. :) e.g. in the U.S."]
for text, by_ours, by_plain in zip(texts, ours.pipe(texts), plain.pipe(texts), strict=True):
    assert [token.text for token in by_ours] == [token.text for token in by_plain], text
    assert [(e.text, e.label_) for e in by_ours.ents] == (
        [(e.text, e.label_) for e in by_plain.ents]
    ), text
""",
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_of_a_library(claim):
    tried = subprocess.run(
        [sys.executable, "-c", CLAIMS[claim]], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr

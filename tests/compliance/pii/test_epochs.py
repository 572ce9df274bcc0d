"""A scan forgets what it learned, and still counts every line and finds every name."""

import tracemalloc

import pytest

from compliance.pii.canaries import Canary
from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.epochs import Epochs
from compliance.pii.model import ModelMissingError
from compliance.pii.remembered_names import RememberedNames
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Line

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


def epochs_of(load, names=True, canaries=(), on_new_place=None):
    return Epochs(
        ScanSettings(names=names),
        CanaryDetector(canaries),
        b"salt",
        RememberedNames(load),
        on_new_place,
    )


def no_model():
    raise ModelMissingError("no model")


def take(epochs, *texts):
    for number, text in enumerate(texts, start=1):
        epochs.take(Line("api.log", number, text.encode()))


def test_lines_of_one_statement_are_counted_across_epochs(finder, monkeypatch):
    monkeypatch.setattr("compliance.pii.epochs.ASKED_MAX", 2)
    asked = []

    class Counting:
        def find(self, texts):
            asked.extend(texts)
            return finder.find(texts)

    epochs = epochs_of(Counting)
    lines = ["could not deliver to Maria Gonzalez", "Zorro ate a fish today"] * 5
    take(epochs, *lines)
    epochs.finish()
    [place] = [place for place in epochs.book.places() if place.kind == "PERSON"][:1]
    assert place.lines == 5
    assert len(asked) == len(set(asked))  # what the model said is remembered over epochs


def test_a_missing_model_is_said_once_and_costs_no_other_finding(monkeypatch):
    monkeypatch.setattr("compliance.pii.epochs.ASKED_MAX", 1)
    epochs = epochs_of(no_model)
    take(epochs, "could not deliver to Maria Gonzalez", "Zorro ate Maria today", "a@example.com")
    epochs.finish()
    assert epochs.unanswered() == ["no model"]
    assert [place.kind for place in epochs.book.places()] == ["EMAIL_ADDRESS"]


def test_controls_are_counted_across_epochs(monkeypatch):
    monkeypatch.setattr("compliance.pii.epochs.SHAPES_MAX", 1)
    epochs = epochs_of(no_model, names=False, canaries=[Canary("control", "control-5f0c")])
    take(epochs, "x control-5f0c", "y", "z control-5f0c")
    assert epochs.control_lines == 2
    epochs.finish()
    assert (epochs.control_lines, list(epochs.control_sources)) == (2, ["api.log"])


def test_the_first_finding_of_a_place_is_told_once():
    told = []
    epochs = epochs_of(no_model, names=False, on_new_place=told.append)
    take(epochs, "to a@example.com", "to b@example.com", "from c@example.com")
    assert [finding.line for finding in told] == [1, 3]


@pytest.mark.parametrize("text", ["value is jane@example.com", "  to jane@example.com"])
def test_a_finding_in_a_traceback_belongs_to_the_line_that_logged_it(text):
    opening = b'{"event":"send failed","logger":"app.worker","to":"bob@example.com"}'
    epochs = epochs_of(no_model, names=False)
    epochs.take(Line("api.log", 8, text.encode(), opening))
    [place] = epochs.book.places()
    [finding] = place.findings
    assert place.template.startswith("{event: send failed, logger: app.worker, to: *} > ")
    assert (finding.line, finding.logger) == (8, "app.worker")
    assert "bob" not in str(place)


def test_a_name_in_a_traceback_belongs_to_its_record_though_the_model_is_asked_later(finder):
    epochs = epochs_of(lambda: finder)
    epochs.take(Line("api.log", 2, b"could not deliver to Maria Gonzalez", b"ERROR send failed"))
    take(epochs, "another line")
    epochs.finish()
    [place] = [place for place in epochs.book.places() if place.kind == "PERSON"]
    assert place.template.startswith("ERROR send failed > ")


def new_shapes(start, count):
    for n in range(start, start + count):
        words = " ".join(WORDS[(n >> shift) & 7] for shift in range(0, 21, 3))
        yield Line("api.log", n, f'{{"event":"{words}","n":{n}}}'.encode())


def grown_bytes(epochs, lines_each):
    """How much memory the second third to the last third of a stream of new shapes added."""
    tracemalloc.start()
    sizes = []
    for part in range(3):
        for line in new_shapes(part * lines_each, lines_each):
            epochs.take(line)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return sizes[2] - sizes[0]


def test_memory_is_flat_though_every_line_is_of_a_new_shape(monkeypatch):
    remembering = grown_bytes(epochs_of(no_model, names=False), 1_000)
    monkeypatch.setattr("compliance.pii.epochs.SHAPES_MAX", 250)
    forgetting = grown_bytes(epochs_of(no_model, names=False), 1_000)
    assert remembering > 2_000 * 40  # so the measure does see shapes that are kept
    assert forgetting < remembering / 3

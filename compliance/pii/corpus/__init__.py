"""Labelled log lines for measuring the scanner: generated from a seed, nobody's real data.

    people (Faker, 12 locales) + statements (what a service says) + formats (how a logger writes it)
        -> LabelledLine: the text, and which spans of it are personal data of which kind
    clean: lines of many services that say nothing of anybody -> whatever is found there is wrong

What is held out, and why it guards against tuning to the generator. A detector fitted to these
lines would look good on these lines. So a third of the formats, of the locales and of the
statements are held out by name (HELD_OUT_FORMATS, HELD_OUT_LOCALES, and `is_held_out` of a
statement or a clean style). The held-out part of the corpus is made of held-out formats, locales
and statements only: other layouts, other key names, other sentences, and names, street words and
numbers of other countries' lists. Nothing from it was looked at while detectors were changed, only
its figures. No word list of Faker is used in a detector: the street words are the postal
authorities', names are told by position, keys and the entity recognizer.

What this does not show: languages outside the twelve, sentences that are not about mail, and how
real people's names are spread. Both halves were written by one hand.
"""

from compliance.pii.corpus.clean import clean_lines
from compliance.pii.corpus.formats import FORMATS, HELD_OUT_FORMATS
from compliance.pii.corpus.generate import labelled_lines, realistic_lines
from compliance.pii.corpus.labels import Label, LabelledLine
from compliance.pii.corpus.people import HELD_OUT_LOCALES, KINDS, LOCALES

__all__ = [
    "FORMATS",
    "HELD_OUT_FORMATS",
    "HELD_OUT_LOCALES",
    "KINDS",
    "LOCALES",
    "Label",
    "LabelledLine",
    "clean_lines",
    "labelled_lines",
    "realistic_lines",
]

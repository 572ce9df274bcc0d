"""Answers of the names model, kept: a long scan asks about the same texts again and again."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from compliance.pii.names import NamedEntity, NameFinder

# At most about 100 MB of texts; a log has some thousand distinct ones.
TEXTS_MAX = 50_000


class RememberedNames:
    """Asks the model about texts that it has not been asked about lately."""

    def __init__(self, load: Callable[[], NameFinder]) -> None:
        self._load = load  # raises ModelMissingError; only called when a text is new
        self._answers: OrderedDict[str, list[NamedEntity]] = OrderedDict()

    def find(self, texts: list[str]) -> Iterator[list[NamedEntity]]:
        """The names in each text, in the order of the texts. Raises ModelMissingError."""
        new = [text for text in dict.fromkeys(texts) if text not in self._answers]
        if new:
            self._answers.update(zip(new, self._load().find(new), strict=True))
        for text in texts:
            self._answers.move_to_end(text)
        answers = [self._answers[text] for text in texts]
        while len(self._answers) > TEXTS_MAX:
            self._answers.popitem(last=False)
        return iter(answers)

"""Answers of the names model, kept: a long scan asks about the same texts again and again."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from compliance.pii.names import NamedEntity, NameFinder, Text

# At most about 100 MB of texts; a log has some thousand distinct ones.
TEXTS_MAX = 50_000


class RememberedNames:
    """Asks the model about texts that it has not been asked about lately."""

    def __init__(self, load: Callable[[], NameFinder]) -> None:
        self._load = load  # raises ModelMissingError; only called when a text is new
        self._answers: OrderedDict[str, list[NamedEntity]] = OrderedDict()

    def find(self, texts: list[Text]) -> Iterator[list[NamedEntity]]:
        """The names in each text, in the order of the texts. Raises ModelMissingError.

        What was answered for the first line with a text stands for all lines with it.
        """
        new = {asked.text: asked for asked in reversed(texts) if asked.text not in self._answers}
        if new:
            self._answers.update(zip(new, self._load().find(new.values()), strict=True))
        for asked in texts:
            self._answers.move_to_end(asked.text)
        answers = [self._answers[asked.text] for asked in texts]
        while len(self._answers) > TEXTS_MAX:
            self._answers.popitem(last=False)
        return iter(answers)

"""Personal data that cannot be printed by accident.

A Pii renders as a mask wherever text is made of it: repr, str, every way of formatting, JSON by
any library, a traceback, a model's dump. Only `reveal()` gives the text, so every place where it
leaves the process can be found by that name. The class is no kind of str: C libraries such as
orjson would read a str's text past any method of ours.
"""

from collections.abc import Callable
from typing import Any, NoReturn, SupportsIndex

from pydantic import GetCoreSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, core_schema

MASK = "***"
# The context under which a model's dump holds the texts themselves: for the queue's message.
REVEAL = object()


class Pii:
    """A text about a person. Equal texts are equal; nothing else can be learned without reveal."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """The text itself, for where it must leave: the queue's message, the provider."""
        text: str = object.__getattribute__(self, "_text")
        return text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        """The mask whatever is asked for, so that widths do not tell lengths apart."""
        return MASK

    def __eq__(self, other: object) -> bool:
        return self.reveal() == other.reveal() if isinstance(other, Pii) else NotImplemented

    def __hash__(self) -> int:
        return hash((Pii, self.reveal()))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Pii does not change")

    def __copy__(self) -> "Pii":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pii":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Raises TypeError: a pickle would hold the text in the open."""
        raise TypeError("Pii is not pickled; reveal() where the text may leave the process")


class PiiText:
    """Makes a model's field of type Pii: a text of these lengths that `check` lets through.

    `check` raises ValueError. A dump of the model is masked unless its context is REVEAL.
    """

    def __init__(
        self,
        check: Callable[[str], str],
        *,
        min_length: int | None = None,
        max_length: int | None = None,
    ) -> None:
        self._check = check
        self._lengths = {"min_length": min_length, "max_length": max_length}

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        del source, handler
        lengths: Any = self._lengths
        return core_schema.no_info_after_validator_function(
            self._seal,
            core_schema.str_schema(strict=True, **lengths),
            serialization=core_schema.plain_serializer_function_ser_schema(
                revealed_if_asked, info_arg=True, return_schema=core_schema.str_schema()
            ),
        )

    def _seal(self, text: str) -> Pii:
        return Pii(self._check(text))


def revealed_if_asked(value: Any, info: SerializationInfo) -> str:
    """A serializer for whatever has `reveal()`."""
    if info.context is not REVEAL:
        return MASK
    text: str = value.reveal()
    return text

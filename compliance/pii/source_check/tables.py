"""Tables of names, written as people read them: one text, names between spaces."""


def names(text: str, *, prefix: str = "") -> frozenset[str]:
    """The names in a text, each with the prefix before it."""
    return frozenset(prefix + name for name in text.split())

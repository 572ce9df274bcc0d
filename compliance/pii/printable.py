"""Text of strangers, made safe to show."""


def printable(text: str) -> str:
    """Safe on a terminal: what is not printable, or not Unicode, shows as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

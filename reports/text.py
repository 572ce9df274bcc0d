"""Makes foreign text fit to show: one line, bounded, without characters that act on a screen.

Email ids, error codes, fault labels and log lines come from the system under test, so they may be
hostile. Cleaning happens once, in the view; each format then escapes for itself.
"""

import unicodedata

LABEL_LENGTH_MAX = 60  # a name in a table or legend
ID_LENGTH_MAX = 120
LINE_LENGTH_MAX = 400  # a summary, a reason, what an offence was

# Control, format (which holds the bidirectional overrides that reorder a line), surrogate,
# private and unassigned characters, line and paragraph separators.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(text: str, length_max: int = LINE_LENGTH_MAX) -> str:
    """`text` on one line of at most `length_max` characters, each of which stays in its place."""
    # Cut before the walk: a hostile line may be megabytes long.
    window = " ".join(text[: 4 * length_max].split())
    is_cut = len(window) > length_max or len(text) > 4 * length_max
    kept = window[: length_max - 1] + "…" if is_cut else window
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _ACTING else character
        for character in kept
    )

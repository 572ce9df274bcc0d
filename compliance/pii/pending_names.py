"""Texts in which names are still to be looked for, gathered while lines go by."""

from dataclasses import dataclass, field

from compliance.pii.names import TEXT_CHARS_MAX, may_hold_name
from compliance.pii.record import Leaf, Record
from compliance.pii.shape import blank
from compliance.pii.sources import Line

# Bounds of time (about 5 ms a text) and of memory (lines kept to say where a name stands).
TEXTS_MAX = 20_000
KEPT_BYTES_MAX = 64 << 20
SHAPES_MAX = 1_000_000


@dataclass
class Asked:
    """One leaf of the first line of a shape, and how many lines have that shape."""

    text: str  # blanked
    leaf: Leaf
    line: Line
    record: Record
    counter: list[int]  # shared by the leaves of one line


@dataclass
class PendingNames:
    """The shapes seen so far, and what to ask about them."""

    asked: list[Asked] = field(default_factory=list)
    left_out: int = 0
    _kept_bytes: int = 0
    _counters: dict[bytes, list[int]] = field(default_factory=dict)
    _plain_shapes: set[bytes] = field(default_factory=set)

    def count_if_known(self, shape: bytes) -> bool:
        """Count one more line of a shape; False when the shape is new."""
        if shape in self._plain_shapes:
            return True
        counter = self._counters.get(shape)
        if counter is None:
            return False
        counter[0] += 1
        return True

    def ask(self, shape: bytes, line: Line, record: Record, found: set[str]) -> None:
        """Take in the first line of a shape; values that other detectors found are no names."""
        counter = [1]
        is_asked = False
        for leaf in record.leaves:
            # One word without a sentence around it is an identifier to the model as well as to us.
            if " " not in leaf.text.strip():
                continue
            text = leaf.text
            for value in found:
                text = text.replace(value, "0")
            text = blank(text)
            for start in range(0, len(text), TEXT_CHARS_MAX):
                piece = text[start : start + TEXT_CHARS_MAX]
                if not may_hold_name(piece):
                    continue
                is_full = self._kept_bytes + len(line.data) > KEPT_BYTES_MAX
                if is_full or len(self.asked) >= TEXTS_MAX:
                    self.left_out += 1
                    continue
                self.asked.append(Asked(piece, leaf, line, record, counter))
                is_asked = True
        if is_asked:
            self._kept_bytes += len(line.data)
            self._counters[shape] = counter
        else:
            self.remember(shape)

    def remember(self, shape: bytes) -> None:
        """A shape with nothing to ask about. Beyond the bound a shape is merely new again."""
        if len(self._plain_shapes) < SHAPES_MAX:
            self._plain_shapes.add(shape)

    @property
    def shapes_seen(self) -> int:
        return len(self._counters) + len(self._plain_shapes)

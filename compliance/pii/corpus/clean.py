"""Lines of many services that say nothing of anybody: whatever is found in them is a mistake.

Written in `clean.txt` after the documented log formats of the programs named. A third of the
programs is held out.
"""

import random
import re
import string
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from compliance.pii.corpus.labels import LabelledLine

_STATEMENTS = Path(__file__).with_name("clean.txt")
_HEADING = re.compile(r"\[(\w+)\]( held out)?")
_SLOT = re.compile(r"<([a-z]+\d*)>")
_FIRST_AT = datetime(2025, 11, 24, 10, tzinfo=UTC)
_BASE64_DIGITS = f"{string.ascii_letters}{string.digits}+/"
_STATUSES = ("200", "201", "202", "204", "301", "404", "422", "500", "503")
_WORDS = ("orders", "mails", "billing", "search", "gateway", "inventory", "audit", "reports")
_METHODS = ("GET", "POST", "PUT", "DELETE")
_PATHS = ("/healthz", "/v1/emails", "/api/orders/{n}", "/metrics", "/static/app.{h}.js", "/login")


def clean_lines(
    count: int, *, seed: int, is_held_out: bool | None = None
) -> Iterator[LabelledLine]:
    """Lines of the development services, of the held-out ones, or (None) of all."""
    rng = random.Random(f"clean {seed} {is_held_out}")
    templates = [
        (style, template)
        for style, is_kept_back, template in _templates()
        if is_held_out in {None, is_kept_back}
    ]
    for number in range(count):
        style, template = rng.choice(templates)
        slots = _Slots(rng, _FIRST_AT + timedelta(milliseconds=73 * number))
        yield LabelledLine(_SLOT.sub(slots.fill, template), (), style, "", "clean")


def _templates() -> Iterator[tuple[str, bool, str]]:
    """Program, whether it is held out, and one of its statements."""
    style, is_held_out = "", False
    for line in _STATEMENTS.read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            style, is_held_out = heading[1], heading[2] is not None
        elif not line.startswith("#"):
            yield style, is_held_out, line


class _Slots:
    """Fills the slots of one line."""

    def __init__(self, rng: random.Random, at: datetime) -> None:
        self._rng = rng
        self._at = at

    def fill(self, slot: re.Match[str]) -> str:
        name, rng = slot[1], self._rng
        if name in _TIMES:
            return self._at.strftime(_TIMES[name])
        if name in _VALUES:
            return _VALUES[name](rng)
        digits = int(name[1:])
        if name.startswith("h"):  # hexadecimal
            return f"{rng.getrandbits(4 * digits):0{digits}x}"
        if name.startswith("d"):  # exactly so many decimal digits
            return str(rng.randrange(10 ** (digits - 1), 10**digits))
        assert name.startswith("n"), f"clean.txt: <{name}> is no slot"
        return str(rng.randrange(10**digits))  # up to so many


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _private_ip(rng: random.Random) -> str:
    return rng.choice(("10.{}.{}.{}", "192.168.{1}.{2}", "172.16.{1}.{2}")).format(
        *(rng.randrange(1, 255) for _ in range(3))
    )


_VALUES: Mapping[str, Callable[[random.Random], str]] = MappingProxyType(
    {
        "tab": lambda _: "\t",
        "uuid": _uuid,
        "base": lambda rng: "".join(rng.choices(_BASE64_DIGITS, k=64)),
        "ip": _private_ip,
        "word": lambda rng: rng.choice(_WORDS),
        "method": lambda rng: rng.choice(_METHODS),
        "path": lambda rng: rng.choice(_PATHS).format(
            n=rng.randrange(10**6), h=f"{rng.getrandbits(32):08x}"
        ),
        "status": lambda rng: rng.choice(_STATUSES),
        "float": lambda rng: f"{rng.random() * 100:.3f}",
        "epoch": lambda rng: f"{1_763_978_400 + rng.random() * 1e5:.6f}",
        "milli": lambda rng: f"{rng.randrange(1000):03}",
    }
)
_TIMES: Mapping[str, str] = MappingProxyType(
    {
        "iso": "%Y-%m-%dT%H:%M:%S.%fZ",
        "time": "%Y-%m-%d %H:%M:%S",
        "slash": "%Y/%m/%d %H:%M:%S",
        "syslog": "%b %d %H:%M:%S",
        "clf": "%d/%b/%Y:%H:%M:%S +0000",
        "klog": "%m%d %H:%M:%S.%f",
        "day": "%d %b %Y %H:%M:%S",
    }
)

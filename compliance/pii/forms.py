"""How a value can stand in a log: as itself, and in each encoding that a logger may have applied.

A form is a byte pattern, searched in a line whose ASCII letters were lowered. Forms whose case
carries meaning (base64) keep their exact bytes, compared again where the lowered ones matched.
"""

import base64
import hashlib
import html
import html.entities
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus

WINDOW_WORDS = 5
# Values up to here are searched whole; longer ones by windows, which also find what was cut off.
WHOLE_CHARS_MAX = 120
WINDOW_CHARS_MAX = 160
WINDOW_CHARS_MIN = 16  # "a b c d e" stands in any log: such windows take more words
# 7 bytes give 8 base64 or 14 hex digits at any offset; shorter runs turn up in random ids.
ENCODED_BYTES_MIN = 7
# From here on, base64 of base64 is long enough to be opened (packed.py).
_PACKED_TWICE_BYTES_MIN = 14
# A number written without its separators; shorter runs of digits are anybody's counter.
DIGITS_MIN = 9
# Text that JSON, HTML, quoted-printable and repr() leave as it is: most text, so time is saved.
_SAME_WHEN_ESCAPED = re.compile(r"[\w .,:;!?()*/+-]*", re.ASCII)
_KEPT_IN_URL = "!'()*~@:/,;+"
_SHORT_CHARS = 7
_ADDRESS_LINE_CHARS_MIN = 8
_ONE_WORD = re.compile(r"[\w'’-]+")  # noqa: RUF001 - names are written with either apostrophe
_SEPARATED_DIGITS = re.compile(r"[+0-9().\s/-]+")
_NAMED = {code: f"&{name};" for code, name in html.entities.codepoint2name.items()}
# Without the soft line breaks of RFC 2045: they would split the value, and a log line has none.
_QUOTED = {code: f"={code:02X}" for code in range(256) if not 32 <= code < 127 or code == 61}
_TEXTS_KEPT = 4096


class Form(NamedTuple):
    """One way in which one value may be written."""

    name: str
    pattern: bytes  # with ASCII letters lowered
    exact: bytes | None  # the pattern before lowering, where case matters
    is_bounded: bool  # only a hit when no word or id continues it on either side


def forms_of(value: str, kind: str) -> Iterator[Form]:
    """Every pattern that shows the value. The same bytes may come under several names."""
    words = list(re.finditer(r"\S+", value))
    is_long = len(value) > WHOLE_CHARS_MAX or len(words) > WINDOW_WORDS + 3
    has_windows = is_long or (kind == "body" and len(words) > WINDOW_WORDS)
    if len(value) <= WHOLE_CHARS_MAX or not has_windows or len(words) < WINDOW_WORDS:
        whole = value[:WINDOW_CHARS_MAX] if len(value) > WHOLE_CHARS_MAX else value
        is_bounded = _needs_boundaries(value)
        yield from _written(whole, is_bounded)
        yield from _packed(whole, is_bounded)
        yield from _wide(whole, is_bounded)
    yield from _digests(value)
    if has_windows:
        yield from _windows(value, words)
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        if len(digits) >= DIGITS_MIN and _SEPARATED_DIGITS.fullmatch(value):
            yield Form("digits", digits.encode(), None, is_bounded=True)
    if kind == "address":
        for part in value.splitlines()[: 8 if "\n" in value else 0]:
            if len(part) >= _ADDRESS_LINE_CHARS_MIN and " " in part:
                for form in _written(part, is_bounded=False):
                    yield form._replace(name=f"part {form.name}")


def _needs_boundaries(value: str) -> bool:
    """Short values, bare names and plain numbers are parts of other words and ids."""
    return len(value) < _SHORT_CHARS or _ONE_WORD.fullmatch(value) is not None


def _written(text: str, is_bounded: bool) -> Iterator[Form]:
    """The forms in which each character stays where it was."""
    for variant in _cases(text):
        yield _form("raw", variant.encode(), is_bounded=is_bounded)
        written = {
            ("url", quote(variant, safe="")),
            ("url", quote(variant, safe=_KEPT_IN_URL)),
            ("url", quote_plus(variant)),
        }
        if not _SAME_WHEN_ESCAPED.fullmatch(variant):
            written |= _escaped(variant)
        for name, form in sorted(written):
            yield _form(name, form.encode(), is_bounded=is_bounded)


def _escaped(text: str) -> set[tuple[str, str]]:
    as_html = html.escape(text)
    ascii_only, readable = _json_inner(text), _json_inner(text, ensure_ascii=False)
    return {
        ("json", readable),
        ("json", ascii_only),
        ("json in json", _json_inner(readable, ensure_ascii=False)),
        ("json in json", _json_inner(readable)),
        ("json in json", _json_inner(ascii_only)),
        ("json in json", _json_inner(_json_inner(readable, ensure_ascii=False))),
        ("json in json", _json_inner(_json_inner(ascii_only))),
        ("repr", repr(text)[1:-1]),
        ("repr", repr(text.encode())[2:-1]),
        ("html", as_html),
        ("html", as_html.replace("&#x27;", "&#39;")),
        ("html", as_html.encode("ascii", "xmlcharrefreplace").decode()),
        ("html", text.translate(_NAMED)),
        ("html", _html_hex(as_html)),
        ("html", text.replace("@", "&#64;")),
        ("html", text.replace("@", "&commat;").replace(".", "&period;")),
        ("quoted-printable", text.encode().decode("latin-1").translate(_QUOTED)),
    }


def _html_hex(escaped: str) -> str:
    if escaped.isascii():
        return escaped
    return "".join(char if char.isascii() else f"&#x{ord(char):x};" for char in escaped)


def _as_logged(text: str) -> tuple[str, ...]:
    if _SAME_WHEN_ESCAPED.fullmatch(text):
        return (text,)
    return text, _json_inner(text), _json_inner(text, ensure_ascii=False)


def _json_inner(text: str, *, ensure_ascii: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]


def _wide(text: str, is_bounded: bool) -> Iterator[Form]:
    """UTF-16 as it is after its NULs are taken out, which is done to lines before the search."""
    for variant in _cases(text) if not text.isascii() else ():
        for encoding in ("utf-16-le", "utf-16-be"):
            wide = variant.encode(encoding).replace(b"\0", b"")
            yield Form("utf-16", wide.lower(), None, is_bounded)


def _packed(text: str, is_bounded: bool) -> Iterator[Form]:
    """Base64 at each of its three offsets in a larger text, and hex."""
    for variant in dict.fromkeys((text, text.lower())):
        data = variant.encode()
        if len(data) < ENCODED_BYTES_MIN:
            # Too short to be told from a random id inside one: only as a token of its own.
            whole = base64.b64encode(data).rstrip(b"=")
            yield _form("base64", whole, is_exact=True, is_bounded=True)
            yield _form("base64", _url_safe(whole), is_exact=True, is_bounded=True)
            yield _form("hex", data.hex().encode(), is_bounded=True)
            continue
        if len(data) < _PACKED_TWICE_BYTES_MIN:
            twice = _base64_inside(base64.b64encode(data).rstrip(b"="), 0)
            yield _form("base64 in base64", twice, is_exact=True)
        for offset in range(3):
            packed = _base64_inside(data, offset)
            yield _form("base64", packed, is_exact=True)
            yield _form("base64", _url_safe(packed), is_exact=True)
        yield _form("hex", data.hex().encode(), is_bounded=is_bounded and len(data) < 10)


def _digests(value: str) -> Iterator[Form]:
    for variant in dict.fromkeys((value, value.lower())):
        data = variant.encode()
        yield _form("sha256", hashlib.sha256(data).hexdigest().encode())
        yield _form("sha1", hashlib.sha1(data, usedforsecurity=False).hexdigest().encode())
        yield _form("md5", hashlib.md5(data, usedforsecurity=False).hexdigest().encode())


def _windows(value: str, words: list[re.Match[str]]) -> Iterator[Form]:
    """Any five words in a row; packed, in steps of five, which nine words cannot miss."""
    for first in range(max(0, len(words) - WINDOW_WORDS) + 1):
        start, last = words[first].start(), min(first + WINDOW_WORDS, len(words)) - 1
        while words[last].end() - start < WINDOW_CHARS_MIN and last < len(words) - 1:
            last += 1
        text = value[start : words[last].end()][:WINDOW_CHARS_MAX]
        yield from _of_window(text, is_packed=first % WINDOW_WORDS == 0)


@lru_cache(_TEXTS_KEPT)  # mails are written from templates: most windows are those of the last one
def _of_window(text: str, *, is_packed: bool) -> tuple[Form, ...]:
    spaced = " ".join(text.split())
    if is_packed:
        forms = [*_written(text, is_bounded=False), *_packed(text, is_bounded=False)]
        forms += _written(spaced, is_bounded=False) if spaced != text else []
    else:
        forms = [
            _form("raw" if written == variant else "json", written.encode())
            for variant in dict.fromkeys((*_cases(text), *_cases(spaced)))
            for written in _as_logged(variant)
        ]
    return tuple(
        Form(f"part {name}", pattern, exact, is_bounded)
        for name, pattern, exact, is_bounded in forms
    )


def _cases(text: str) -> list[str]:
    """The search lowers ASCII only; other letters are spelled out in each case and normal form."""
    if text.isascii():
        return [text]
    variants = [
        unicodedata.normalize(form, cased)
        for cased in (text, text.lower(), text.upper(), text.title(), text.casefold())
        for form in ("NFC", "NFD")
    ]
    return list(dict.fromkeys([text, *variants]))


def _base64_inside(data: bytes, offset: int) -> bytes:
    """The base64 digits that `data` decides alone when `offset` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * offset + data)
    first = -(-8 * offset // 6)
    return encoded[first : 8 * (offset + len(data)) // 6]


def _url_safe(packed: bytes) -> bytes:
    return packed.replace(b"+", b"-").replace(b"/", b"_")


def _form(name: str, written: bytes, *, is_exact: bool = False, is_bounded: bool = False) -> Form:
    return Form(name, written.lower(), written if is_exact else None, is_bounded)

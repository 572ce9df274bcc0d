"""Mapping templates in VTL, and the variables that AWS gives them.

Source: API Gateway Developer Guide, api-gateway-mapping-template-reference. The engine is the fork
of airspeed that is kept in step with AWS's; what the guide leaves open is said at each function.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed
from airspeed import operators
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.parser import parse as parse_json_path
from jsonschema import Draft4Validator

# A text that the engine takes for a command, so that a sender could write it: now none is.
operators.REPLACE_FORMAL_TEXT = object()

_JAVASCRIPT = {
    "'": "\\'",
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_TO_ESCAPE = re.compile(r"[^ !#-&(-.0-\[\]-~]")


class TemplateError(Exception):
    """A template that cannot be understood, or not be rendered with what it was given."""


class Template:
    """One mapping template; `render` it any number of times."""

    def __init__(self, text: str) -> None:
        """Raises TemplateError."""
        self._template = airspeed.Template(text)
        try:
            self._template.ensure_compiled()
        except airspeed.TemplateError as error:
            raise TemplateError(f"no VTL: {error}") from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """`variables` by name, without the dollar. Raises TemplateError.

        A template may set fields of $context.responseOverride, and only those are there to be set.
        """
        try:
            text: str = self._template.merge(dict(variables))
        except airspeed.TemplateExecutionError as error:
            # Its own text would quote the request.
            raise TemplateError(f"at {error.start}: {type(error.__cause__).__name__}") from error
        return text


class Input:
    """$input: a payload, and the parameters of the request."""

    def __init__(self, body: bytes, params: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`params`: path, querystring, header; names of headers in lower case."""
        self.body = body.decode(errors="replace")
        self._params = params or {}

    @cached_property
    def _documents(self) -> list[Any]:
        """The payload as JSON, in a list; an empty one when it is none."""
        try:
            return [json.loads(self.body, parse_constant=_refuse_constant)]
        except (ValueError, RecursionError):
            return []

    def is_valid(self, model: Draft4Validator) -> bool:
        """Whether the payload is JSON, and as the model asks."""
        return bool(self._documents) and model.is_valid(self._documents[0])

    def json(self, path: str) -> str:
        """What a JSONPath finds, as JSON."""
        return json.dumps(self.path(path), ensure_ascii=False, separators=(",", ":"))

    def path(self, path: str) -> Any:
        """What a JSONPath finds; nothing, or null: an empty text."""
        for document in self._documents:
            for found in _json_path(path).find(document):
                return "" if found.value is None else found.value
        return ""

    def params(self, name: str | None = None) -> Any:
        """One parameter, looked for in path, query string and headers; or all of them."""
        if name is None:
            return self._params
        for kind, wanted in (("path", name), ("querystring", name), ("header", name.lower())):
            if wanted in self._params.get(kind, {}):
                return self._params[kind][wanted]
        return ""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@lru_cache(maxsize=256)
def _json_path(path: str) -> Any:
    try:
        return parse_json_path(path)
    except JSONPathError as error:
        raise ValueError(f"{path} is no JSONPath") from error


class Util:
    """$util. The names are AWS's."""

    def escapeJavaScript(self, text: object) -> str:  # noqa: N802
        """As Apache Commons does, which AWS's results agree with; ' becomes \\', so that what
        goes into JSON has to turn it back.
        """
        return _TO_ESCAPE.sub(lambda match: _escaped(match[0]), str(text))

    def urlEncode(self, text: object) -> str:  # noqa: N802
        """application/x-www-form-urlencoded, in UTF-8, with the letters that Java leaves alone."""
        return quote_plus(str(text), safe="*", errors="replace").replace("~", "%7E")

    def urlDecode(self, text: object) -> str:  # noqa: N802
        return unquote_plus(str(text))

    def base64Encode(self, text: object) -> str:  # noqa: N802
        return b64encode(str(text).encode(errors="replace")).decode()

    def base64Decode(self, text: object) -> str:  # noqa: N802
        return b64decode(str(text)).decode(errors="replace")

    def parseJson(self, text: object) -> Any:  # noqa: N802
        return json.loads(str(text))


def _escaped(character: str) -> str:
    known = _JAVASCRIPT.get(character)
    if known is not None:
        return known
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n] << 8 | units[n + 1]:04X}" for n in range(0, len(units), 2))

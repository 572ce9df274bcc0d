"""The API's definition: an OpenAPI document and a mapping laid over it, read into plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from re import Pattern
from re import compile as compile_pattern
from re import error as PatternError  # noqa: N812 - as `re` means it
from typing import Any, Literal, get_args

import yaml  # type: ignore[import-untyped, unused-ignore]
from jsonschema import Draft4Validator

from reference.cloud.api_gateway.templates import Template, TemplateError

MappingName = Literal["careful", "default-200"]
MAPPINGS: tuple[str, ...] = get_args(MappingName)

_FOLDER = Path(__file__).parent
_INTEGRATION = "x-amazon-apigateway-integration"
_VALIDATOR = "x-amazon-apigateway-request-validator"
_DEFAULT = "default"
_QUEUE_PATH = ":sqs:path/"
_JSON = "application/json"
_TIMEOUT_MS_MAX = 29_000


class DefinitionError(Exception):
    """The document is none that can be served: what is wrong, and where."""


@dataclass(frozen=True)
class IntegrationResponse:
    """What a sender is answered when the integration answered so."""

    status: int
    template: Template
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Method:
    """One method of one resource."""

    path: str
    http_method: str
    needs_key: bool
    model: Draft4Validator | None
    statuses: frozenset[int]  # that its method responses declare
    timeout_s: float
    headers: Mapping[str, str]  # of the integration request
    request_templates: Mapping[str, Template]  # by media type
    responses: tuple[tuple[Pattern[str], IntegrationResponse], ...]
    default: IntegrationResponse | None

    def response_to(self, status: int) -> IntegrationResponse | None:
        """The first whose pattern is the whole status, else the default."""
        return next(
            (each for pattern, each in self.responses if pattern.fullmatch(str(status))),
            self.default,
        )


@dataclass(frozen=True)
class Api:
    """The document, and its methods."""

    document: Mapping[str, Any]

    @cached_property
    def methods(self) -> Mapping[tuple[str, str], Method]:
        """By HTTP method and path. Raises DefinitionError."""
        return {
            (verb.upper(), path): _method(self.document, path, verb)
            for path, verbs in self.document["paths"].items()
            for verb in verbs
        }


def load_api(mapping: MappingName) -> Api:
    """Raises DefinitionError."""
    return Api(_laid_over(_read("emails.yaml"), _read(f"mappings/{mapping}.yaml")))


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))
    return document


def _laid_over(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    both = {**base, **more}
    for name in base.keys() & more.keys():
        assert isinstance(base[name], dict), f"{name} stands in the mapping and in the API"
        both[name] = _laid_over(base[name], more[name])
    return both


def _method(document: Mapping[str, Any], path: str, verb: str) -> Method:
    method = document["paths"][path][verb]
    place = f"{verb.upper()} {path}"
    try:
        integration = method[_INTEGRATION]
        if integration["type"] != "aws" or _QUEUE_PATH not in integration["uri"]:
            raise DefinitionError(f"{place}: only AWS integrations with sqs:path/... can be served")
        timeout_ms = int(integration.get("timeoutInMillis", _TIMEOUT_MS_MAX))
        if not 50 <= timeout_ms <= _TIMEOUT_MS_MAX:
            raise DefinitionError(f"{place}: timeoutInMillis {timeout_ms}; AWS takes 50 to 29000")
        responses = integration["responses"]
        return Method(
            path=path,
            http_method=verb.upper(),
            needs_key=bool(method.get("security")),
            model=_model(document, method),
            statuses=frozenset(int(status) for status in method["responses"]),
            timeout_s=timeout_ms / 1000,
            headers=_literals(integration.get("requestParameters", {}), "integration.request"),
            request_templates={
                media_type: Template(text)
                for media_type, text in integration["requestTemplates"].items()
            },
            responses=tuple(
                (compile_pattern(pattern), _response(response))
                for pattern, response in responses.items()
                if pattern != _DEFAULT
            ),
            default=_response(responses[_DEFAULT]) if _DEFAULT in responses else None,
        )
    except (KeyError, TypeError, ValueError, TemplateError, PatternError) as error:
        raise DefinitionError(f"{place}: {type(error).__name__}: {error}") from error


def _model(document: Mapping[str, Any], method: Mapping[str, Any]) -> Draft4Validator | None:
    name = method.get(_VALIDATOR)
    validators = document.get("x-amazon-apigateway-request-validators", {})
    if name is None or not validators[name]["validateRequestBody"]:
        return None
    schema = method["requestBody"]["content"][_JSON]["schema"]
    # The whole document stands around the reference, so that it can be followed.
    return Draft4Validator({**document, **schema})


def _response(response: Mapping[str, Any]) -> IntegrationResponse:
    return IntegrationResponse(
        status=int(response["statusCode"]),
        template=Template(response["responseTemplates"][_JSON]),
        headers=_literals(response.get("responseParameters", {}), "method.response"),
    )


def _literals(parameters: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Headers that are given a text in single quotes. Raises ValueError for any other source."""
    found = {}
    for name, source in parameters.items():
        if not name.startswith(f"{prefix}.header.") or source[:1] + source[-1:] != "''":
            raise ValueError(f"{name}: {source}: only headers with a 'text' can be served")
        found[name.removeprefix(f"{prefix}.header.")] = source[1:-1]
    return found

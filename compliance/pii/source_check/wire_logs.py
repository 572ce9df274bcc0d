"""Switches that make a library log what it sends: addresses, headers and contents, as they are.

No value of ours has to flow there; the switch alone is the leak.
Sources: smtplib, http.client (`set_debuglevel`, `debuglevel`), boto3 (`set_stream_logger` warns of
it in its docstring), and the loggers below, which show requests at level DEBUG.
"""

import ast

from compliance.pii.source_check.arguments import Arguments
from compliance.pii.source_check.sinks import Target

_WIRE_LOGGERS = frozenset(
    {"boto3", "botocore", "urllib3", "http.client", "httpx", "httpcore", "aiosmtpd", "mail.log"}
)
_STREAM_SWITCHES = frozenset({"set_stream_logger", "set_debug_logger"})


def is_switched_on(target: Target, arguments: Arguments, node: ast.Call) -> bool:
    """Whether this call makes a library log what it sends."""
    match target.name:
        case "set_debuglevel":
            return bool(arguments.constant(0, "debuglevel"))
        case "setLevel":
            return _is_debug(arguments) and _logger_name(node.func) in _WIRE_LOGGERS
    return target.name in _STREAM_SWITCHES


def is_set_on(target: ast.expr, value: ast.expr) -> bool:
    """The same for an assignment: `http.client.HTTPConnection.debuglevel = 1`."""
    return (
        isinstance(target, ast.Attribute)
        and target.attr == "debuglevel"
        and isinstance(value, ast.Constant)
        and bool(value.value)
    )


def _is_debug(arguments: Arguments) -> bool:
    level = arguments.constant(0, "level")
    given = arguments.positional[0].value.refers if arguments.positional else ""
    return given == "logging.DEBUG" or level in {10, "DEBUG"}


def _logger_name(function: ast.expr) -> str | None:
    """`x` of `logging.getLogger("x").setLevel`."""
    match function:
        case ast.Attribute(
            value=ast.Call(
                func=ast.Attribute(attr="getLogger"), args=[ast.Constant(value=str(name))]
            )
        ):
            return name
    return None

"""Which calls let data out: loggers, print, spans, metric labels; told by what is called and how.

A receiver of unknown type is judged by its name (`self._log`, `current_app.logger`, `span`), since
that is how such objects are called everywhere; a receiver of a class of the tree is not: what its
methods do is known.
"""

from typing import NamedTuple

from compliance.pii.source_check.lexicon import words
from compliance.pii.source_check.tables import names
from compliance.pii.source_check.values import Value

LOGGER = "Logger"  # the class of what `logging.getLogger` answers
LOGGER_CALLS = names(
    "logging.getLogger structlog.get_logger structlog.getLogger structlog.stdlib.get_logger "
    "structlog.wrap_logger loguru.logger logging.getLoggerClass "
    "logging.LoggerAdapter celery.utils.log.get_task_logger multiprocessing.get_logger"
)
BIND_METHODS = names(
    "bind new bind_contextvars bound_contextvars contextualize patch append_keys "
    "append_context_keys"
)
_LEVELS = "debug info warning warn error critical exception fatal log trace success msg failure"
_LOG_METHODS = names(_LEVELS) | names(_LEVELS, prefix="a")
_LOG_CALLS = names(_LEVELS, prefix="logging.")
_CONTEXT_CALLS = frozenset(
    f"structlog.{place}{name}"
    for place in ("", "contextvars.", "threadlocal.")
    for name in ("bind_contextvars", "bound_contextvars", "bind_threadlocal")
)
_PRINT_CALLS = names(
    "builtins.print pprint.pprint pprint.pp sys.stdout.write sys.stderr.write "
    "sys.stdout.writelines sys.stderr.writelines warnings.warn warnings.warn_explicit sys.exit "
    "click.echo click.secho typer.echo typer.secho rich.print traceback.print_exc "
    "traceback.print_exception syslog.syslog builtins.exit"
)
_SPAN_METHODS = names(
    "set_attribute set_attributes add_event record_exception set_status set_tag set_tags "
    "set_extra set_extras set_context set_user put_annotation put_metadata set_data "
    "add_breadcrumb start_span start_as_current_span start_transaction"
)
_SPAN_WORDS = names("span scope sentry tracer transaction segment subsegment trace")
_METRIC_WORDS = names("counter histogram gauge meter metric metrics statsd stats dogstatsd summary")
_METRIC_METHODS = names(
    "add record add_dimension add_dimensions add_metadata set_dimensions increment incr gauge "
    "timing histogram distribution count"
)
_LOGGER_WORDS = frozenset({"log", "logger", "logging", "loguru"})
# Options of these calls, not data.
OPTIONS = names(
    "exc_info stack_info stacklevel file end sep flush category level err nl color fg bg bold "
    "style highlight chain"
)


class Target(NamedTuple):
    """What is called."""

    qualname: str  # '' when only the name is known
    name: str  # the last name
    receiver: Value | None  # of a method
    receiver_name: str


def rule_of(target: Target) -> str:
    """The rule that the arguments of this call fall under; '' for an ordinary call."""
    if target.qualname in _LOG_CALLS:
        return "pii-log"
    if target.qualname in _CONTEXT_CALLS:
        return "pii-log-context"
    if target.qualname in _PRINT_CALLS:
        return "pii-print"
    if target.qualname.startswith("sentry_sdk."):
        return "pii-span"
    return "" if target.receiver is None else _method_rule(target)


def is_log_method(receiver: Value, receiver_name: str, name: str) -> bool:
    """Whether `receiver.name` writes a log line."""
    return name in _LOG_METHODS and (
        receiver.cls == LOGGER or not _LOGGER_WORDS.isdisjoint(words(receiver_name))
    )


def shows_exception(target: Target) -> bool:
    """Whether the call shows the exception at hand without being given it."""
    return target.name in {"exception", "aexception", "print_exc", "capture_exception"}


def _method_rule(target: Target) -> str:
    assert target.receiver is not None
    named = set(words(target.receiver_name))
    if is_log_method(target.receiver, target.receiver_name, target.name):
        return "pii-log"
    if target.name in BIND_METHODS and (target.receiver.cls == LOGGER or named & _LOGGER_WORDS):
        return "pii-log-context"
    if target.name in _SPAN_METHODS and (named & _SPAN_WORDS or target.name == "set_attribute"):
        return "pii-span"
    if target.name == "labels" or (target.name in _METRIC_METHODS and named & _METRIC_WORDS):
        return "pii-metric"
    if named == {"console"} and target.name in {"print", "log"}:
        return "pii-print"
    return ""

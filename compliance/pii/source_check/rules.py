"""What the source check reports: one rule for each place where data leaves the program's hands."""

from typing import Literal, NamedTuple

Level = Literal["error", "warning"]


class Rule(NamedTuple):
    """One rule: its id, its level when the source is certain, and one line of help."""

    id: str
    level: Level
    help: str


RULES = {
    rule.id: rule
    for rule in (
        Rule("pii-log", "error", "Personal data reaches a log call: log an id or a masked value."),
        Rule(
            "pii-log-context",
            "error",
            "Personal data is bound to a logger: every later line will carry it.",
        ),
        Rule("pii-print", "error", "Personal data is written to standard output or error."),
        Rule(
            "pii-exception",
            "error",
            "Personal data stands in an exception's message, which handlers and servers log.",
        ),
        Rule(
            "pii-exception-text",
            "warning",
            "The text of an exception that quotes its input is logged: log its type and place.",
        ),
        Rule("pii-span", "error", "Personal data becomes a span attribute or an error report."),
        Rule("pii-metric", "error", "Personal data becomes a metric label: it never leaves again."),
        Rule(
            "pii-wire-log",
            "error",
            "A library is told to log what it sends: addresses, headers and contents.",
        ),
        Rule(
            "pii-allow",
            "error",
            "An inline allow needs a known rule, a date that is not past, and a reason.",
        ),
        Rule("pii-allow-unused", "warning", "An inline allow that allows nothing: remove it."),
    )
}

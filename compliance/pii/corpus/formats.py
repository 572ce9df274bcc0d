"""How loggers write: one function a format, from a statement's parts to a line of a log."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

HELD_OUT_FORMATS = frozenset(
    {"ecs_json", "rails", "syslog_5424", "pino", "apache_error", "celery", "smtp", "serilog"}
)
_PEER = "10.0.{a}.{b}"
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.1 Safari/605.1.15",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "kube-probe/1.29",
)


@dataclass(frozen=True)
class Event:
    """What a logger is given."""

    at: datetime
    level: str  # info | warning | error
    logger: str
    message: str
    fields: Mapping[str, str]
    rng: random.Random

    def hex(self, digits: int) -> str:
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    @property
    def uuid(self) -> str:
        text = self.hex(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    @property
    def peer(self) -> str:
        return _PEER.format(a=self.rng.randrange(256), b=self.rng.randrange(1, 255))

    @property
    def pid(self) -> int:
        return self.rng.randrange(2, 40_000)

    @property
    def iso(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.rng.randrange(1000):03}Z"

    @property
    def with_fields(self) -> str:
        """Message and fields the way a text format appends them."""
        return " ".join([self.message, *(f"{k}={_quoted(v)}" for k, v in self.fields.items())])


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if " " in value or '"' in value else value


def _json(value: object, *, is_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=is_ascii, separators=(",", ":"))


def _structlog_json(e: Event) -> str:
    return _json(
        {
            "timestamp": e.iso,
            "level": e.level,
            "event": e.message,
            "logger": e.logger,
            **e.fields,
            "request_id": e.uuid,
            "duration_ms": round(e.rng.random() * 100, 2),
        },
        is_ascii=True,
    )


def _logfmt(e: Event) -> str:
    fields = "".join(f" {key}={_quoted(value)}" for key, value in e.fields.items())
    return f"ts={e.iso} level={e.level} caller=mailer.go:{e.pid} msg={_quoted(e.message)}{fields}"


def _python_text(e: Event) -> str:
    return f"{e.at:%Y-%m-%d %H:%M:%S},123 {e.level.upper():<8} {e.logger}: {e.with_fields}"


def _uvicorn(e: Event) -> str:
    return f"{e.level.upper()}:     {e.peer}:{e.pid} - {e.with_fields}"


def _nginx_error(e: Event) -> str:
    return (
        f"{e.at:%Y/%m/%d %H:%M:%S} [error] {e.pid}#{e.pid}: *{e.pid} {e.with_fields} while reading "
        f'response header from upstream, client: {e.peer}, server: api, request: "POST /v1/emails '
        'HTTP/1.1", upstream: "http://127.0.0.1:8080/v1/emails"'
    )


def _syslog_3164(e: Event) -> str:
    return f"<134>{e.at:%b %d %H:%M:%S} mail-{e.pid % 9} mailer[{e.pid}]: {e.with_fields}"


def _journald(e: Event) -> str:
    return _json(
        {
            "__REALTIME_TIMESTAMP": f"{int(e.at.timestamp() * 1e6)}",
            "_BOOT_ID": e.hex(32),
            "_MACHINE_ID": e.hex(32),
            "_SYSTEMD_UNIT": "mailer.service",
            "SYSLOG_IDENTIFIER": "mailer",
            "_PID": str(e.pid),
            "PRIORITY": "6",
            "MESSAGE": e.with_fields,
        }
    )


def _docker(e: Event) -> str:
    return _json({"log": _python_text(e) + "\n", "stream": "stderr", "time": e.iso})


def _docker_of_json(e: Event) -> str:
    return _json({"log": _structlog_json(e) + "\n", "stream": "stdout", "time": e.iso})


def _lambda(e: Event) -> str:
    return f"[{e.level.upper()}]\t{e.iso}\t{e.uuid}\t{e.with_fields}"


def _log4j(e: Event) -> str:
    return (
        f"{e.at:%Y-%m-%d %H:%M:%S},123 {e.level.upper():<5} [http-nio-8080-exec-{e.pid % 9}] "
        f"com.acme.mail.MailService - {e.with_fields}"
    )


def _zap(e: Event) -> str:
    return _json(
        {
            "level": e.level,
            "ts": round(e.at.timestamp(), 6),
            "caller": "mail/send.go:87",
            "msg": e.message,
            **e.fields,
            "trace_id": e.hex(32),
        }
    )


def _postgres(e: Event) -> str:
    return (
        f"{e.at:%Y-%m-%d %H:%M:%S}.123 UTC [{e.pid}] mailer@mails "
        f"{'ERROR' if e.level == 'error' else 'LOG'}:  {e.with_fields}"
    )


def _klog(e: Event) -> str:
    return f"{e.level[0].upper()}{e.at:%m%d %H:%M:%S}.123456 {e.pid:>7} send.go:87] {e.with_fields}"


def _cloudwatch(e: Event) -> str:
    return _json(
        {
            "timestamp": int(e.at.timestamp() * 1000),
            "ingestionTime": int(e.at.timestamp() * 1000) + 17,
            "logStreamName": f"{e.at:%Y/%m/%d}/[$LATEST]{e.hex(32)}",
            "message": _lambda(e) + "\n",
            "eventId": str(e.rng.randrange(10**55, 10**56)),
        }
    )


def _gelf(e: Event) -> str:
    return _json(
        {
            "version": "1.1",
            "host": f"mail-{e.pid % 9}",
            "short_message": e.message,
            "level": 6,
            **{f"_{key}": value for key, value in e.fields.items()},
        }
    )


def _access_text(e: Event) -> str:
    return (
        f'{e.peer} - - [{e.at:%d/%b/%Y:%H:%M:%S} +0000] "POST /v1/emails HTTP/1.1" 422 {e.pid} '
        f'"-" "{e.rng.choice(_AGENTS)}" {e.with_fields}'
    )


def _ecs(e: Event) -> str:
    return _json(
        {
            "@timestamp": e.iso,
            "log.level": e.level,
            "message": e.message,
            "ecs.version": "1.6.0",
            "log": {"logger": e.logger, "origin": {"file": {"line": 87, "name": "send.py"}}},
            "service": {"name": "mailer", "version": "3.11.7"},
            "labels": dict(e.fields),
            "trace": {"id": e.hex(32)},
        }
    )


def _rails(e: Event) -> str:
    pairs = ", ".join(
        f'"{key}"=>{json.dumps(v, ensure_ascii=False)}' for key, v in e.fields.items()
    )
    parameters = f"  Parameters: {{{pairs}}}" if pairs else ""
    return (
        f"{e.level[0].upper()}, [{e.at:%Y-%m-%dT%H:%M:%S}.123456 #{e.pid}] {e.level.upper():>5} -- "
        f": [{e.uuid}] {e.message}{parameters}"
    )


def _syslog_5424(e: Event) -> str:
    data = "".join(f" {key}={json.dumps(v, ensure_ascii=False)}" for key, v in e.fields.items())
    structured = f"[mail@32473{data}]" if data else "-"
    return f"<165>1 {e.iso} mail-{e.pid % 9} mailer {e.pid} ID47 {structured} {e.message}"


def _pino(e: Event) -> str:
    return _json(
        {
            "level": 30,
            "time": int(e.at.timestamp() * 1000),
            "pid": e.pid,
            "hostname": f"mail-{e.hex(6)}",
            "req": {"id": e.pid, "method": "POST", "url": "/v1/emails", "remotePort": e.pid},
            "data": dict(e.fields),
            "msg": e.message,
        }
    )


def _apache_error(e: Event) -> str:
    return (
        f"[{e.at:%a %b %d %H:%M:%S}.123456 {e.at:%Y}] [proxy:error] [pid {e.pid}:tid {e.pid}] "
        f"[client {e.peer}:{e.pid}] AH01084: {e.with_fields}"
    )


def _celery(e: Event) -> str:
    fields = ", ".join(f"'{key}': {value!r}" for key, value in e.fields.items())
    arguments = f" kwargs={{{fields}}}" if fields else ""
    return (
        f"[{e.at:%Y-%m-%d %H:%M:%S},123: {e.level.upper()}/ForkPoolWorker-{e.pid % 9}] "
        f"app.tasks.send_mail[{e.uuid}]: {e.message}{arguments}"
    )


def _smtp(e: Event) -> str:
    return f"{e.iso} smtp[{e.pid}] session {e.hex(8)} << {e.with_fields}"


def _serilog(e: Event) -> str:
    return _json(
        {
            "@t": e.iso,
            "@l": e.level.title(),
            "@mt": e.message,
            **{_pascal(key): value for key, value in e.fields.items()},
            "SourceContext": "Acme.Mail.Sender",
            "RequestPath": "/v1/emails",
        }
    )


def _pascal(key: str) -> str:
    return "".join(part.title() for part in key.split("_"))


FORMATS: Mapping[str, Callable[[Event], str]] = MappingProxyType(
    {
        "structlog_json": _structlog_json,
        "logfmt": _logfmt,
        "python_text": _python_text,
        "uvicorn": _uvicorn,
        "nginx_error": _nginx_error,
        "syslog_3164": _syslog_3164,
        "journald": _journald,
        "docker": _docker,
        "docker_of_json": _docker_of_json,
        "lambda": _lambda,
        "log4j": _log4j,
        "zap": _zap,
        "postgres": _postgres,
        "klog": _klog,
        "cloudwatch": _cloudwatch,
        "gelf": _gelf,
        "access_text": _access_text,
        "ecs_json": _ecs,
        "rails": _rails,
        "syslog_5424": _syslog_5424,
        "pino": _pino,
        "apache_error": _apache_error,
        "celery": _celery,
        "smtp": _smtp,
        "serilog": _serilog,
    }
)

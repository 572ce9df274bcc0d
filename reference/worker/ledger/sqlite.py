"""The ledger of one machine's workers: a SQLite file.

A claim is one statement, so of two workers that want the same email one gets it. In WAL mode with
synchronous=NORMAL a commit is handed to the operating system before it returns: it survives the
process's death, also by SIGKILL; when the machine loses power the last commits may be lost, never
the file (sqlite.org/pragma.html#pragma_synchronous). A commit that waits for the disk would cost
some milliseconds an email.

Rows live as long as the queue may deliver their message again; then they are swept out, some at
every so many claims, so the file's size is bounded by the traffic of the retention period.
"""

import itertools
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference.clock import Clock
from reference.errors import LedgerError
from reference.worker.ledger.port import REFUSED_S, Claim, Known, Outcome, new_token

BUSY_TIMEOUT_S = 2.0  # for another process's commit; each takes far below a millisecond
CLAIMS_BETWEEN_SWEEPS = 256
SWEPT_MAX = 1_024  # rows a sweep; more than were added since the last one

_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    email_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,           -- open, sent, refused
    provider TEXT NOT NULL,        -- of the attempts in `unknown`
    unknown INTEGER NOT NULL,      -- attempts of unknown outcome, the one in hand among them
    token TEXT NOT NULL,
    lease_until_s REAL NOT NULL,   -- seconds since the epoch, like the next
    expires_at_s REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_expiry ON delivery (expires_at_s);
"""
_CLAIM = """
INSERT INTO delivery VALUES (:id, 'open', :provider, 1, :token, :until_s, :expires_at_s)
ON CONFLICT (email_id) DO UPDATE SET
    state = 'open',
    provider = iif(expires_at_s > :now_s AND unknown > 0, provider, :provider),
    unknown = iif(expires_at_s > :now_s, unknown, 0) + 1,
    token = :token, lease_until_s = :until_s, expires_at_s = :expires_at_s
WHERE expires_at_s <= :now_s OR (state = 'open' AND lease_until_s <= :now_s)
RETURNING provider, unknown
"""
# A refusal holds until it is asked for no more.
_ASK = """
UPDATE delivery SET expires_at_s = iif(state = 'refused', :refused_until_s, expires_at_s)
WHERE email_id = :id RETURNING state
"""
_KNOWN = "SELECT state FROM delivery WHERE email_id = :id AND expires_at_s > :now_s"
_MOVE = "UPDATE delivery SET provider = :provider WHERE email_id = :id AND token = :token"
_SENT = """
INSERT INTO delivery VALUES (:id, 'sent', '', 0, '', 0, :expires_at_s)
ON CONFLICT (email_id) DO UPDATE SET state = 'sent', token = ''
"""
_REFUSED = """
UPDATE delivery SET state = 'refused', token = '', expires_at_s = :refused_until_s
WHERE email_id = :id AND token = :token AND state = 'open'
"""
_UNKNOWN = """
UPDATE delivery SET token = '', lease_until_s = 0
WHERE email_id = :id AND token = :token AND state = 'open'
"""
# The common case, an email without unknown attempts, leaves nothing behind.
_FORGET = """
DELETE FROM delivery
WHERE email_id = :id AND token = :token AND state = 'open' AND unknown = 1
"""
_NOT_SENT = """
UPDATE delivery SET unknown = unknown - 1, lease_until_s = 0, token = ''
WHERE email_id = :id AND token = :token AND state = 'open'
"""
_SWEEP = """
DELETE FROM delivery WHERE email_id IN
    (SELECT email_id FROM delivery WHERE expires_at_s <= :now_s LIMIT :swept_max)
"""
_STATES = {"open": Known.BUSY, "sent": Known.SENT, "refused": Known.REFUSED}


class SqliteLedger:
    """See the module. Several processes may use one file."""

    def __init__(self, path: Path, clock: Clock, *, retention_s: float) -> None:
        """Raises LedgerError when the file is no ledger or cannot be written."""
        self._clock = clock
        self._retention_s = retention_s
        self._claims = itertools.count(1)
        # One connection for all threads: SQLite lets one write at a time anyway.
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise _failure(error) from error

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        token = new_token()
        now_s = self._clock.wall_s()
        values = {
            "id": email_id,
            "provider": provider,
            "token": token,
            "now_s": now_s,
            "until_s": now_s + lease_s,
            "expires_at_s": now_s + self._retention_s,
            "refused_until_s": now_s + REFUSED_S,
        }
        if next(self._claims) % CLAIMS_BETWEEN_SWEEPS == 0:
            self._run(_SWEEP, {"now_s": now_s, "swept_max": SWEPT_MAX})
        granted = self._run(_CLAIM, values)
        if granted:
            bound_to, unknown = granted[0]
            return Claim(email_id, Known.NEW, token, bound_to, unknown - 1)
        asked = self._run(_ASK, values)
        # It may have been forgotten meanwhile; then whoever forgot it was busy with it.
        return Claim(email_id, _STATES[asked[0][0]] if asked else Known.BUSY)

    def known(self, email_id: str) -> Known:
        found = self._run(_KNOWN, {"id": email_id, "now_s": self._clock.wall_s()})
        return _STATES[found[0][0]] if found else Known.NEW

    def move(self, claim: Claim, provider: str) -> bool:
        values = {"id": claim.email_id, "token": claim.token, "provider": provider}
        return bool(self._run(f"{_MOVE} RETURNING 1", values))

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        now_s = self._clock.wall_s()
        values = {
            "id": claim.email_id,
            "token": claim.token,
            "expires_at_s": now_s + self._retention_s,
            "refused_until_s": now_s + REFUSED_S,
        }
        match outcome:
            case Outcome.SENT:
                self._run(_SENT, values)
            case Outcome.REFUSED:
                self._run(_REFUSED, values)
            case Outcome.UNKNOWN:
                self._run(_UNKNOWN, values)
            case Outcome.NOT_SENT:
                if not self._run(f"{_FORGET} RETURNING 1", values):
                    self._run(_NOT_SENT, values)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _run(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _failure(error) from error


def _failure(error: sqlite3.Error) -> LedgerError:
    """SQLite takes a statement back that it could not commit, so nothing was granted."""
    return LedgerError(getattr(error, "sqlite_errorname", type(error).__name__))

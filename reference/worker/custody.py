"""The messages this process has received and neither deleted nor given back.

Those of one group from one receive stay together as a GroupRun: SQS may reorder a group whose
messages are released or extended one by one, so a run is extended and given back as a whole.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reference.domain import EMAIL_ID, GroupMarker, QueuedEmail
from reference.errors import UnreadableMessageError
from reference.sqs_client import Received
from reference.worker.threads import MACHINE_THREADS, Threads


@dataclass(frozen=True, eq=False)
class Held:
    """One message in hand. `email` is None when its body could not be read, or is a marker's."""

    message: Received
    email: QueuedEmail | None
    marker_id: str | None = None

    @property
    def email_id(self) -> str:
        """Of an unreadable message only the queue may know it, as deduplication id.

        A stranger's deduplication id may be an address, and ids are logged: then SQS's own id
        of the message takes its place.
        """
        if self.email is not None:
            return self.email.email_id
        is_ours = EMAIL_ID.fullmatch(self.message.dedup_id)
        return self.message.dedup_id if is_ours else self.message.message_id

    def ids(self) -> dict[str, object]:
        """What a log line says of it."""
        return {
            "email_id": self.email_id,
            "message_id": self.message.message_id,
            "receive_count": self.message.receive_count,
        }


@dataclass(eq=False)
class GroupRun:
    """Messages of one group from one receive, in order."""

    messages: list[Held]
    visible_at_s: float  # monotonic: from then on, others can receive them
    # Held while visibility is changed, so that an extension never follows a release.
    lock: AbstractContextManager[object]


def read(message: Received) -> Held:
    """Parse a message's body, or not."""
    try:
        return Held(message, QueuedEmail.from_body(message.body))
    except UnreadableMessageError:
        return Held(message, None, GroupMarker.id_in(message.body))


class Hands:
    """How many messages the process has in hand, of whatever queue, and who may take more next.

    Whoever waits keeps its place until it has its turn, so a queue that is always full of
    messages cannot keep those of another one waiting.
    """

    def __init__(self, threads: Threads = MACHINE_THREADS) -> None:
        self.changed = threads.condition()
        self.count = 0
        self._waiting: dict[object, None] = {}  # in order

    def wait_for_turn(self, who: object, count: int, timeout_s: float) -> bool:
        """Whether fewer than `count` messages are in hand, and nobody has waited longer."""
        with self.changed:
            self._waiting.setdefault(who)
            has_turn = self.changed.wait_for(
                lambda: self.count < count and next(iter(self._waiting)) is who, timeout_s
            )
            if has_turn:
                self._leave(who)
            return has_turn

    def give_up_turn(self, who: object) -> None:
        with self.changed:
            self._leave(who)

    def wait_for_fewer_than(self, count: int, timeout_s: float) -> bool:
        """Whether fewer than `count` messages are in hand, now or within the time given."""
        with self.changed:
            return self.changed.wait_for(lambda: self.count < count, timeout_s)

    def _leave(self, who: object) -> None:
        self._waiting.pop(who, None)
        self.changed.notify_all()


class Custody:
    """All runs of one queue; several threads use it."""

    def __init__(self, threads: Threads = MACHINE_THREADS, hands: Hands | None = None) -> None:
        """`hands` are shared by the custodies of a process."""
        self._threads = threads
        self._hands = hands or Hands(threads)
        self._runs: dict[GroupRun, None] = {}

    def take(self, messages: Iterable[Held], visible_at_s: float) -> list[GroupRun]:
        """Take over what one receive returned, as one run for each group."""
        groups: dict[str, list[Held]] = {}
        for held in messages:
            # Without a group, as from a standard queue, a message waits for no other.
            group = held.message.group or held.message.message_id
            groups.setdefault(group, []).append(held)
        runs = [
            GroupRun(members, visible_at_s, self._threads.lock()) for members in groups.values()
        ]
        with self._hands.changed:
            self._runs.update(dict.fromkeys(runs))
            self._hands.count += sum(len(run.messages) for run in runs)
        return runs

    def drop(self, run: GroupRun, gone: Iterable[Held]) -> None:
        """These messages of a run are deleted or given back."""
        with self._hands.changed:
            leaving = set(gone)
            staying = [held for held in run.messages if held not in leaving]
            self._hands.count -= len(run.messages) - len(staying)
            run.messages = staying
            if not staying:
                self._runs.pop(run, None)
            self._hands.changed.notify_all()

    def runs(self) -> list[GroupRun]:
        with self._hands.changed:
            return list(self._runs)

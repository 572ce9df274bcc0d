"""The operations of the SQS API over the engine: checked parameters in, answer out.

ReceiveMessage is not among them: it may have to wait, see `polling.py`.
"""

from collections.abc import Callable
from typing import Any

from reference.cloud.sqs import limits, sends
from reference.cloud.sqs.attributes import KNOWN
from reference.cloud.sqs.batches import check_entries, run_entries
from reference.cloud.sqs.checks import check_range, shown
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.errors import InvalidAddress, InvalidAttributeName, InvalidParameterValue
from reference.cloud.sqs.exchange import Request
from reference.cloud.sqs.moves import MoveTasks
from reference.cloud.sqs.policies import with_permission, without_permission
from reference.cloud.sqs.queue import Queue
from reference.cloud.sqs.wire import queue_name_of

Params = dict[str, Any]


class Operations:
    """Runs operations by name."""

    def __init__(self, engine: Engine, moves: MoveTasks) -> None:
        self._engine = engine
        self._moves = moves
        self._on_queue: dict[str, Callable[[Queue, Params], Params]] = {
            "AddPermission": self._add_permission,
            "ChangeMessageVisibility": _change_visibility,
            "ChangeMessageVisibilityBatch": _change_visibility_batch,
            "DeleteMessage": _delete,
            "DeleteMessageBatch": _delete_batch,
            "DeleteQueue": self._delete_queue,
            "GetQueueAttributes": _get_queue_attributes,
            "ListQueueTags": _list_tags,
            "PurgeQueue": _purge,
            "RemovePermission": self._remove_permission,
            "SendMessage": sends.send,
            "SendMessageBatch": sends.send_batch,
            "SetQueueAttributes": self._set_queue_attributes,
            "TagQueue": self._tag,
            "UntagQueue": self._untag,
        }
        self._on_account: dict[str, Callable[[Params, str], Params]] = {
            "CancelMessageMoveTask": self._cancel_move,
            "CreateQueue": self._create_queue,
            "GetQueueUrl": self._get_queue_url,
            "ListDeadLetterSourceQueues": self._list_dead_letter_sources,
            "ListMessageMoveTasks": self._list_moves,
            "ListQueues": self._list_queues,
            "StartMessageMoveTask": self._start_move,
        }

    def queue_of(self, params: Params) -> Queue | None:
        """The queue that a call names, if it names one.

        Raises InvalidAddress for a URL that is none, and QueueDoesNotExist.
        """
        url = params.get("QueueUrl")
        if url is None:
            return None
        name = queue_name_of(url)
        if not name:
            raise InvalidAddress(f"The address {shown(url)} is not valid for this endpoint.")
        return self._engine.queue(name)

    def run(self, action: str, queue: Queue | None, params: Params, request: Request) -> Params:
        """Raises SqsError."""
        run = self._on_queue.get(action)
        if run is not None:
            assert queue is not None, f"the service model lets {action} pass without a QueueUrl"
            return run(queue, params)
        return self._on_account[action](params, request.base_url)

    def _url(self, base_url: str, queue: Queue) -> str:
        return f"{base_url}/{self._engine.account_id}/{queue.name}"

    def _create_queue(self, params: Params, base_url: str) -> Params:
        queue = self._engine.create_queue(
            params["QueueName"], params.get("Attributes"), params.get("tags")
        )
        return {"QueueUrl": self._url(base_url, queue)}

    def _get_queue_url(self, params: Params, base_url: str) -> Params:
        return {"QueueUrl": self._url(base_url, self._engine.queue(params["QueueName"]))}

    def _list_queues(self, params: Params, base_url: str) -> Params:
        prefix = params.get("QueueNamePrefix") or ""
        names = sorted(queue.name for queue in self._engine if queue.name.startswith(prefix))
        answer = self._page_of_urls("QueueUrls", names, params, base_url)
        return {name: value for name, value in answer.items() if value}

    def _list_dead_letter_sources(self, params: Params, base_url: str) -> Params:
        dead_letters = self.queue_of(params)
        assert dead_letters is not None
        names = sorted(queue.name for queue in self._engine.dead_letter_sources(dead_letters))
        return self._page_of_urls("queueUrls", names, params, base_url)

    def _page_of_urls(self, key: str, names: list[str], params: Params, base_url: str) -> Params:
        page, next_token = paginate(names, params)
        urls = [self._url(base_url, self._engine.queue(name)) for name in page]
        return {key: urls, **({"NextToken": next_token} if next_token else {})}

    def _add_permission(self, queue: Queue, params: Params) -> Params:
        policy = with_permission(
            queue.attributes.texts.get("Policy"),
            queue.arn,
            params["Label"],
            params["AWSAccountIds"],
            params["Actions"],
        )
        self._engine.set_attributes(queue.name, {"Policy": policy})
        return {}

    def _remove_permission(self, queue: Queue, params: Params) -> Params:
        old = queue.attributes.texts.get("Policy")
        policy = without_permission(old, queue.arn, params["Label"])
        self._engine.set_attributes(queue.name, {"Policy": policy})
        return {}

    def _tag(self, queue: Queue, params: Params) -> Params:
        self._engine.set_tags(queue, {**queue.tags, **params["Tags"]})
        return {}

    def _untag(self, queue: Queue, params: Params) -> Params:
        gone = set(params["TagKeys"])
        self._engine.set_tags(
            queue, {key: value for key, value in queue.tags.items() if key not in gone}
        )
        return {}

    def _start_move(self, params: Params, base_url: str) -> Params:
        del base_url
        handle = self._moves.start(
            params["SourceArn"],
            params.get("DestinationArn"),
            params.get("MaxNumberOfMessagesPerSecond"),
        )
        return {"TaskHandle": handle}

    def _cancel_move(self, params: Params, base_url: str) -> Params:
        del base_url
        return {"ApproximateNumberOfMessagesMoved": self._moves.cancel(params["TaskHandle"])}

    def _list_moves(self, params: Params, base_url: str) -> Params:
        del base_url
        tasks = self._moves.list(params["SourceArn"], params.get("MaxResults", 1))
        return {"Results": [task.shown() for task in tasks]}

    def _set_queue_attributes(self, queue: Queue, params: Params) -> Params:
        self._engine.set_attributes(queue.name, params["Attributes"])
        return {}

    def _delete_queue(self, queue: Queue, params: Params) -> Params:
        del params
        self._engine.delete_queue(queue.name)
        return {}


def paginate(names: list[str], params: Params) -> tuple[list[str], str | None]:
    """One page of sorted names; a token is the last name of the page before.

    Without MaxResults AWS returns the first thousand and no token. Raises InvalidParameterValue.
    """
    page_size = params.get("MaxResults")
    if page_size is None:
        return names[: limits.LIST_RESULTS_MAX], None
    check_range("MaxResults", page_size, 1, limits.LIST_RESULTS_MAX)
    if token := params.get("NextToken"):
        names = [name for name in names if name > token]
    more = len(names) > page_size
    return names[:page_size], names[page_size - 1] if more else None


def _change_visibility(queue: Queue, params: Params) -> Params:
    if "VisibilityTimeout" not in params:
        raise InvalidParameterValue("The request must contain the parameter VisibilityTimeout.")
    check_range("VisibilityTimeout", params["VisibilityTimeout"], 0, limits.VISIBILITY_S_MAX)
    queue.change_visibility(params["ReceiptHandle"], params["VisibilityTimeout"])
    return {}


def _change_visibility_batch(queue: Queue, params: Params) -> Params:
    check_entries(params["Entries"])
    return run_entries(params["Entries"], lambda entry: _change_visibility(queue, entry))


def _delete(queue: Queue, params: Params) -> Params:
    queue.delete(params["ReceiptHandle"])
    return {}


def _delete_batch(queue: Queue, params: Params) -> Params:
    check_entries(params["Entries"])
    return run_entries(params["Entries"], lambda entry: _delete(queue, entry))


def _list_tags(queue: Queue, params: Params) -> Params:
    del params
    return {"Tags": queue.tags} if queue.tags else {}


def _purge(queue: Queue, params: Params) -> Params:
    del params
    queue.purge()
    return {}


def _get_queue_attributes(queue: Queue, params: Params) -> Params:
    names = set(params.get("AttributeNames") or ())
    for name in names:
        if name != "All" and name not in KNOWN:
            raise InvalidAttributeName(f"Unknown Attribute {shown(name)}.")
    depth = queue.depth()
    every = {
        **queue.attributes.texts,
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(queue.created_s),
        "LastModifiedTimestamp": str(queue.modified_s),
        "ApproximateNumberOfMessages": str(depth.visible),
        "ApproximateNumberOfMessagesNotVisible": str(depth.in_flight),
        "ApproximateNumberOfMessagesDelayed": str(depth.delayed),
    }
    wanted = {name: value for name, value in every.items() if "All" in names or name in names}
    return {"Attributes": wanted} if wanted else {}

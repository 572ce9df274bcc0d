# ruff: noqa: N818 - these are AWS's names
"""Every error that SQS answers with: its code, shape and HTTP status.

`code` is what SDKs show (`Error.Code`, sent in the header `x-amzn-query-error`), `shape` is the
name in the service model (sent as `__type`).
Sources: AWS SQS API Reference and its JSON protocol page (sqs-json-api-responses.html); statuses
403 of OverLimit, RequestThrottled and PurgeQueueInProgress from the Smithy model and recordings.
"""

from typing import ClassVar


class SqsError(Exception):
    """An answer other than success. The message is shown to the caller as it is."""

    code: ClassVar[str] = "InternalFailure"
    shape: ClassVar[str] = "InternalFailure"
    namespace: ClassVar[str] = "com.amazonaws.sqs"
    status: ClassVar[int] = 400
    is_sender_fault: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class QueueDoesNotExist(SqsError):
    code, shape = "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"


class QueueNameExists(SqsError):
    code, shape = "QueueAlreadyExists", "QueueNameExists"


class QueueDeletedRecently(SqsError):
    code, shape = "AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"


class PurgeQueueInProgress(SqsError):
    code, shape = "AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueueInProgress"
    status = 403


class TooManyEntriesInBatchRequest(SqsError):
    code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    shape = "TooManyEntriesInBatchRequest"


class EmptyBatchRequest(SqsError):
    code, shape = "AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequest"


class BatchEntryIdsNotDistinct(SqsError):
    code, shape = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct"


class InvalidBatchEntryId(SqsError):
    code, shape = "AWS.SimpleQueueService.InvalidBatchEntryId", "InvalidBatchEntryId"


class BatchRequestTooLong(SqsError):
    code, shape = "AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong"


class UnsupportedOperation(SqsError):
    code, shape = "AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperation"


class InvalidParameterValue(SqsError):
    code, shape = "InvalidParameterValue", "InvalidParameterValueException"


class MissingParameter(SqsError):
    code, shape = "MissingParameter", "MissingRequiredParameterException"


class InvalidAttributeName(SqsError):
    code, shape = "InvalidAttributeName", "InvalidAttributeName"


class InvalidAttributeValue(SqsError):
    code, shape = "InvalidAttributeValue", "InvalidAttributeValue"


class InvalidMessageContents(SqsError):
    code, shape = "InvalidMessageContents", "InvalidMessageContents"


class InvalidAddress(SqsError):
    code, shape, status = "InvalidAddress", "InvalidAddress", 404


class ReceiptHandleIsInvalid(SqsError):
    code, shape, status = "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404


class ResourceNotFound(SqsError):
    code, shape, status = "ResourceNotFoundException", "ResourceNotFoundException", 404


class OverLimit(SqsError):
    code, shape, status = "OverLimit", "OverLimit", 403


class RequestThrottled(SqsError):
    code, shape, status = "RequestThrottled", "RequestThrottled", 403


class ThrottlingException(SqsError):
    """What the troubleshooting page says a FIFO queue answers beyond its quota."""

    code, shape, status = "ThrottlingException", "ThrottlingException", 400
    namespace = "com.amazon.coral.availability"


class AccessDenied(SqsError):
    code, shape, status = "AccessDenied", "AccessDeniedException", 403


class InternalFailure(SqsError):
    code, shape, status = "InternalFailure", "InternalFailure", 500
    is_sender_fault = False


class ServiceUnavailable(SqsError):
    code, shape, status = "ServiceUnavailable", "ServiceUnavailable", 503
    is_sender_fault = False


class SerializationException(SqsError):
    """The request is not what its protocol asks for."""

    code, shape = "SerializationException", "SerializationException"
    namespace = "com.amazon.coral.service"


class UnknownOperation(SqsError):
    code, shape = "InvalidAction", "UnknownOperationException"
    namespace = "com.amazon.coral.service"


class RequestTooLarge(SqsError):
    """More bytes than any valid request has; SQS's front end cuts such requests off."""

    code, shape, status = "RequestEntityTooLarge", "RequestEntityTooLargeException", 413
    namespace = "com.amazon.coral.service"

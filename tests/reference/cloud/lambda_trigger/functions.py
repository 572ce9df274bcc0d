"""Handlers that misbehave, for environments to run."""

import os
import signal
import sys
import time


def done(event, context):
    print(f"handled {len(event['Records'])} messages, {context.get_remaining_time_in_millis()} ms")
    return {"batchItemFailures": []}


def told(event, context):
    """Does what the body of the first message says."""
    record = event["Records"][0]
    match record["body"]:
        case "sleep":
            print("going to sleep")
            time.sleep(60)
        case "raise":
            raise ValueError("no such thing")
        case "exit":
            sys.exit(3)
        case "leave":
            sys.exit(0)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "object":
            return object()
        case "text":
            return "done"
        case "context":
            return {
                name: getattr(context, name)
                for name in (
                    "function_name",
                    "function_version",
                    "invoked_function_arn",
                    "memory_limit_in_mb",
                    "log_group_name",
                    "log_stream_name",
                    "aws_request_id",
                )
            }
    return {"pid": os.getpid()}


def failing(event, context):
    """Lists every message that says so, as often as it comes."""
    return {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]}
            for record in event["Records"]
            if record["body"] == "fail"
        ]
    }


def naps(event, context):
    print("napping")
    time.sleep(1)


def says(event, context):
    """Prints the body of the first message, long enough for others to run beside it."""
    print(event["Records"][0]["body"])
    time.sleep(0.5)

"""A small mail API as any team might write it, with Flask and boto3.

It knows nothing of queueproof.

    POST /mails   X-Request-Id: KEY   {"customer": ..., "to": ..., "subject": ..., "text": ...}

Environment: QUEUE_URL, PORT_FILE, and what boto3 reads. Two mistakes can be switched on:
ACK_EARLY=1 answers before the queue has the mail, LOG_RECIPIENT=1 logs to whom it goes.
"""

import hashlib
import json
import logging
import os
import threading
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, request
from werkzeug.serving import make_server

log = logging.getLogger("mailer.api")
app = Flask(__name__)
# One try: whoever called us tries again, with the same request id.
sqs = boto3.client(
    "sqs", config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
)


@app.post("/mails")
def post_mail():
    request_id = request.headers["X-Request-Id"]
    mail_id = hashlib.sha256(request_id.encode()).hexdigest()[:16]
    mail = {**request.get_json(), "id": mail_id, "request_id": request_id}
    if os.environ.get("LOG_RECIPIENT"):
        log.info("mail %s goes to %s", mail_id, mail["to"])
    if os.environ.get("ACK_EARLY"):
        threading.Thread(target=enqueue, args=(mail,)).start()
    elif not enqueue(mail):
        return {"error": "try again"}, 503
    log.info("accepted %s", mail_id)
    return {"id": mail_id}, 202


def enqueue(mail):
    """Hand the mail to the queue; False when nobody knows whether it is there."""
    try:
        sqs.send_message(
            QueueUrl=os.environ["QUEUE_URL"],
            MessageBody=json.dumps(mail),
            MessageGroupId=mail["customer"],
            MessageDeduplicationId=mail["id"],
        )
    except (BotoCoreError, ClientError) as error:
        log.warning("could not queue %s: %s", mail["id"], type(error).__name__)
        return False
    return True


if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    draft = Path(os.environ["PORT_FILE"] + ".draft")
    draft.write_text(str(server.port))
    draft.rename(os.environ["PORT_FILE"])
    server.serve_forever()

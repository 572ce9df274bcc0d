"""The mailer's worker: takes mails from the queue and sends them by SMTP.

Environment: QUEUE_URL, SMTP_HOST, SMTP_PORT, and what boto3 reads. A mistake can be switched on:
FORGETFUL=1 does not remember what it sent.
"""

import json
import logging
import os
import signal
import smtplib
from email.message import EmailMessage

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger("mailer.worker")
queue_url = os.environ["QUEUE_URL"]
sqs = boto3.client("sqs", config=Config(read_timeout=10, retries={"total_max_attempts": 1}))
sent = set()


def work():
    """One batch. What fails stays in the queue, with all that follows it in its group."""
    answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    for message in answer.get("Messages", []):
        mail = json.loads(message["Body"])
        if mail["id"] not in sent:
            try:
                send(mail)
            except (OSError, smtplib.SMTPException) as error:
                log.warning("could not send %s: %s", mail["id"], type(error).__name__)
                return
            log.info("sent %s", mail["id"])
            if not os.environ.get("FORGETFUL"):
                sent.add(mail["id"])
        delete(message)


def send(mail):
    letter = EmailMessage()
    letter["From"], letter["To"] = "mailer@example.com", mail["to"]
    letter["Subject"] = mail["subject"]
    letter["Message-ID"] = f"<{mail['id']}@mailer.example.com>"
    letter["X-Request-Id"] = mail["request_id"]
    letter.set_content(mail["text"])
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=5) as smtp:
        smtp.send_message(letter)


def delete(message):
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def main():
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while not stopped:
        try:
            work()
        except (BotoCoreError, ClientError) as error:
            log.warning("the queue did not answer: %s", type(error).__name__)


if __name__ == "__main__":
    main()

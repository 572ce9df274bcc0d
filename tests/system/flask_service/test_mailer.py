"""An example: the suite of a service that is not ours, with queueproof's fixtures.

The service is in mailer/. Its suite is green; with a mistake switched on it is red, and says why.
"""

ADA = [("email", "ada.lovelace@example.com"), ("person", "Ada Lovelace")]


def send_all(mailer, ledger, count, customer="acme"):
    for n in range(count):
        key = f"{customer}-{n}"
        ledger.send(
            lambda key=key: mailer.post(key, customer), key=key, group=customer, attempts_max=5
        )


def test_no_mail_that_got_202_is_lost_though_sqs_and_the_provider_fail(
    mailer, faults, ledger, assert_no_loss
):
    faults.refuse("SendMessage", nth_call=3)
    faults.mail.throttle(nth_call=2)
    send_all(mailer, ledger, 8)
    assert_no_loss(timeout_s=15)


def test_a_lost_answer_makes_one_mail_not_two_and_none_overtakes(
    mailer, faults, ledger, assert_no_loss, assert_no_duplicates, assert_in_order
):
    faults.lose_answer("SendMessage", nth_call=2)
    faults.refuse("DeleteMessage", nth_call=3)
    with faults.outage("ReceiveMessage") as outage:
        send_all(mailer, ledger, 8)
        outage.wait_until_fired()
    assert_no_loss(timeout_s=15)
    assert_no_duplicates()
    assert_in_order()


def test_logs_name_nobody(mailer, ledger, mail_sink, assert_no_pii):
    answer = ledger.send(lambda: mailer.post("acme-1"), key="acme-1")
    (delivery,) = mail_sink.wait_for(1)
    assert delivery.went_to("ada.lovelace@example.com")
    assert_no_pii(mailer.logs, canaries=ADA, control=answer.email_id, names=False)

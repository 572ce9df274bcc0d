"""Each sentence follows from its numbers: the same figures the other way round say the opposite."""

from compliance.verdict import Outcome
from reports.compare.sentences import sentences


def told(*compared):
    return " ".join(sentences(compared))


def test_what_the_quota_held_up_is_not_blamed_on_the_machine(make_compared, make_stage):
    held = make_stage(400, reached=300, throttled={"emails.fifo send": 0.25})
    text = told(make_compared("fifo", held))
    assert "fifo fell behind: 400 emails a second offered, 300 reached at most, held up by" in text
    assert "quota of emails.fifo send calls" in text
    assert "This machine" not in text


def test_what_the_machine_held_up_is_said_to_be_the_machine(make_compared, make_stage):
    late = make_stage(400, reached=350, late_p99_ms=200.0)
    text = told(make_compared("fifo-ht", late))
    assert "This machine, not the configuration, is what" in text
    assert "fifo-ht at 400/s (the generator; 0.7 of 2 cores taken)." in text
    assert "fell behind" not in text


def test_what_took_all_is_not_called_limited(make_compared, make_stage):
    text = told(make_compared("fifo-ht", make_stage(400)), make_compared("pool", make_stage(400)))
    assert "fifo-ht and pool took all that was offered, up to 400 emails a second" in text
    assert "fell behind" not in text


def test_order_and_speed_are_claimed_only_where_both_were_seen(
    make_compared, make_stage, make_verdict
):
    ordered = make_verdict("order", judged=3000, reordered=0)
    slow = make_compared("fifo", make_stage(400, reached=299), verdicts=[ordered])
    fast = make_compared("pool", make_stage(400), verdicts=[ordered])
    assert "Order and more than 300 emails a second: pool; the most was 400" in told(slow, fast)
    assert "Order and more than" not in told(slow)
    loose = make_verdict("order", Outcome.NOT_CLAIMED, judged=3000, reordered=120)
    text = told(make_compared("std", make_stage(400), queue='type = "standard"', verdicts=[loose]))
    assert "std claims no order: 120 of 3,000 emails left out of it." in text
    assert "Order and more than" not in text


def test_the_cheapest_of_those_that_would_do_is_named(make_compared, make_stage, make_verdict):
    ordered = [make_verdict("order", judged=3000, reordered=0)]
    fast = {"verdicts": ordered}
    text = told(
        make_compared("pool", make_stage(400), month_usd=60.0, **fast),
        make_compared("ht", make_stage(400), month_usd=58.0, **fast),
        make_compared("standard", make_stage(400), month_usd=40.0),
    )
    assert "The cheapest of them is ht: $58.00 for a month of 10 million emails." in text
    assert "The cheapest is standard with $40.00" in text
    assert "the dearest pool with $60.00" in text


def test_senders_who_were_told_something_false_are_counted(make_compared, make_verdict):
    false = make_verdict("no-false-ack", Outcome.REFUTED, false_answers=51)
    text = told(make_compared("silent", verdicts=[false]))
    assert "silent told its senders that an email was accepted which SQS had not" in text
    assert "send it again: 51 times." in text
    honest = make_compared("api", verdicts=[make_verdict("no-false-ack", false_answers=0)])
    assert "told its senders" not in told(honest)


def test_lost_emails_are_named(make_compared, make_verdict):
    lost = make_verdict("no-loss", Outcome.REFUTED, offences=["em_1", "em_2"], lost=2)
    text = told(
        make_compared("silent", verdicts=[lost]),
        make_compared("fifo", verdicts=[make_verdict("no-loss", lost=0)]),
    )
    assert "silent lost emails that it had acknowledged: 2, such as em_1, em_2." in text
    assert "fifo lost nothing that was acknowledged" in text


def test_what_could_not_be_told_is_said(make_compared, make_verdict):
    unsure = make_verdict("no-loss", Outcome.INCONCLUSIVE)
    assert "Could not tell of fifo: no-loss, for no-loss was looked at." in told(
        make_compared("fifo", verdicts=[unsure])
    )


def test_without_a_stage_that_tells_no_limit_is_claimed(make_compared, make_stage):
    never_came = make_stage(100, emails=0, offered_per_s=0.0, accepted_per_s=0.0)
    for stages in ([make_stage(is_calm=False)], [never_came]):
        text = told(make_compared("fifo", *stages))
        assert "What fifo can carry was not judged: the load had no stage without faults" in text
        assert "took all" not in text
        assert "up to 0 emails" not in text


def test_what_faults_disturbed_is_not_called_all_that_was_offered(make_compared, make_stage):
    broken = make_stage(400, reached=350, is_calm=False)
    text = told(make_compared("fifo", make_stage(100), broken))
    assert "fifo took all that was offered, up to 100 emails a second" in text


def test_failing_writes_are_told_only_where_some_failed(make_compared, make_verdict):
    fine = [make_verdict("no-loss", lost=0)]
    text = told(
        make_compared("fifo", verdicts=fine, writes_failed=7), make_compared("pool", verdicts=fine)
    )
    assert "fifo lost nothing that was acknowledged, though writes failed." in text
    assert "pool lost nothing that was acknowledged; no fault made a write fail." in text


def test_emails_sent_twice_are_counted_only_where_somebody_counted(make_compared, make_verdict):
    assert "twice" not in told(make_compared("std", redelivered=3))
    counted = [make_verdict("resend-safe", duplicated=0)]
    text = told(make_compared("std", redelivered=3, verdicts=counted))
    assert "handed out again by its queue: 3, and 0 emails were sent twice." in text


def test_what_is_so_of_several_is_one_sentence(make_compared, make_stage, make_verdict):
    """Ten configurations that fared alike are told in as many sentences as two of them."""

    def alike(number):
        loose = make_verdict("order", Outcome.NOT_CLAIMED, judged=3000, reordered=number)
        late = make_verdict("no-loss", Outcome.INCONCLUSIVE)
        late = late.model_copy(update={"reasons": [f"it was off by up to {990 + number:,} ms"]})
        held = make_stage(400, reached=300 + number, throttled={"q send": 0.25})
        name = f"std-{number}"
        return make_compared(name, held, verdicts=[loose, late], redelivered=number)

    ten = sentences([alike(number) for number in range(1, 21)])
    assert len(ten) == len(sentences([alike(1), alike(2)])) <= 5
    two = sentences([alike(1), alike(20)])
    assert two[0].startswith("std-1 and std-20 fell behind: std-1 400 emails a second offered")
    assert two[1] == (
        "std-1 and std-20 claim no order: std-1 1 of 3,000 emails left out of it; "
        "std-20 20 of 3,000 emails left out of it."
    )
    assert (
        "Could not tell of std-1: no-loss; std-20: no-loss, "
        "for it was off by up to 991 to 1,010 ms." in two
    )


def test_reasons_that_are_not_alike_stay_apart(make_compared, make_verdict):
    unsure = make_verdict("no-loss", Outcome.INCONCLUSIVE)
    other = unsure.model_copy(update={"reasons": ["nobody looked"]})
    text = told(make_compared("a", verdicts=[unsure]), make_compared("b", verdicts=[other]))
    assert "Could not tell of a: no-loss, for no-loss was looked at." in text
    assert "Could not tell of b: no-loss, for nobody looked." in text


def test_nothing_compared_says_so():
    assert sentences([]) == ["No configuration left evidence."]

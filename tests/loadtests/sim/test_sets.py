"""The plain checker of the simulator against the one that judges runs, email by email."""

import pytest

from compliance.checks import false_ack
from compliance.history import History
from loadtests.sim.as_toml import as_toml
from loadtests.sim.record import write_story
from loadtests.sim.sets import sets_of

SETS = (
    *("attempted", "acknowledged", "delivered", "lost", "duplicated", "ambiguous", "recovered"),
    *("denied", "unexpected", "misdelivered", "swallowed", "reordered"),
)


@pytest.fixture
def judged(storm, tmp_path_factory):
    """The sets that `compliance` finds in a story."""

    def judge(story):
        folder = tmp_path_factory.mktemp("run") / "storm"
        write_story(story, as_toml(storm), folder)
        history = History(folder)
        try:
            found = {
                name: {key for (key,) in history.rows(f"select key from {name}")}  # noqa: S608 - our own names
                for name in SETS
            }
            found["parked"] = {key for (key,) in history.rows("select email_id from parked")}
            false = {row[0] for row in history.rows(false_ack.FALSE_ACKS)}
        finally:
            history.close()
        ids = {row["email_id"]: row["key"] for row in story.rows["sink"]}
        ids |= {row["email_id"]: row["key"] for row in story.rows["sender"] if row.get("email_id")}
        found["false_ack"] = {ids.get(each, each) for each in false}
        return found

    return judge


def found_by_us(story):
    sets = sets_of(story)
    return {name: set(getattr(sets, name)) for name in (*SETS, "parked", "false_ack")}


def key_of_first(story, ledger):
    return next(row for row in story.rows[ledger] if "key" in row)["key"]


def duplicate(story):
    story.rows["sink"].append({**story.rows["sink"][0], "at_s": story.rows["sink"][-1]["at_s"] + 1})


def lose(story):
    key = key_of_first(story, "sink")
    story.rows["sink"] = [row for row in story.rows["sink"] if row["key"] != key]


def invent(story):
    story.rows["sink"].append({**story.rows["sink"][-1], "key": "sim-nobody", "email_id": "em_0"})


def misdeliver(story):
    story.rows["sink"][0]["recipients_sha256"] = "0" * 64


def swap(story):
    first, *others = story.rows["sink"]
    first["at_s"] = others[-1]["at_s"] + 1
    story.rows["sink"] = [*others, first]


def swallow(story):
    stored = next(row for row in story.rows["queue"] if row["event"] == "stored")
    absorbed = {**stored, "event": "absorbed", "body_sha256": "0" * 64}
    story.rows["queue"].append({**absorbed, "at_s": stored["at_s"] + 1})


def answer_too_early(story):
    ok = next(row for row in story.rows["sender"] if row["kind"] == "ok")
    ok["at_s"] -= 5.0


def refuse(story):
    key = key_of_first(story, "sink")
    for row in story.rows["sender"]:
        if row["key"] == key and row["kind"] != "invoke":
            row.update(kind="fail", status=422, email_id=None)


def forget_the_id(story):
    oks = [row for row in story.rows["sender"] if row["kind"] == "ok"]
    oks[0]["email_id"] = oks[1]["email_id"]


def die_between(story):
    """The worker sent one email twice, and was killed before it knew of the first."""
    delivered = story.rows["sink"][0]
    rows = [
        n
        for n, row in enumerate(story.rows["worker"])
        if row["email_id"] == delivered["email_id"] and row["event"] == "attempted"
    ]
    attempted = story.rows["worker"][rows[0]]
    before = {**attempted, "at_s": attempted["at_s"] - 0.001}
    story.rows["worker"].insert(rows[0], before)
    story.rows["sink"].insert(0, {**delivered, "at_s": delivered["at_s"] - 0.001})


TAMPERED = {
    "duplicated": duplicate,
    "lost": lose,
    "unexpected": invent,
    "misdelivered": misdeliver,
    "reordered": swap,
    "swallowed": swallow,
    "false_ack": answer_too_early,
    "denied": refuse,
    "ambiguous": die_between,
}


@pytest.mark.parametrize("name", TAMPERED)
def test_both_find_a_tampered_email_and_the_same_one(storm, try_seed, judged, name):
    story = try_seed(storm, 2, faults=()).story
    TAMPERED[name](story)
    ours = found_by_us(story)
    assert ours == judged(story)
    assert ours[name]


def test_both_see_that_two_emails_were_told_one_id(storm, try_seed, judged):
    story = try_seed(storm, 2, faults=()).story
    forget_the_id(story)
    ours = found_by_us(story)
    assert ours["false_ack"]
    assert ours["false_ack"] >= {key for key in judged(story)["false_ack"] if "sim-" in key}


@pytest.mark.parametrize("seed", range(100, 112))
def test_both_say_the_same_of_storms(storm, try_seed, judged, seed):
    story = try_seed(storm, seed).story
    assert found_by_us(story) == judged(story)

"""Claims about impulses and mitigations as texts: the natural history but for the one change that each names."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from horizon.scenarios.conditions import show
from horizon.scenarios.impulses import BLANK, BLANK_REPLY
from horizon.scenarios.mitigations import CHECK
from horizon.scenarios.views import Exchange, View

RULES = "Name a door."
REMINDED = f"The rules once more:\n{RULES}\n\n"


@st.composite
def views(draw: st.DrawFn) -> View:
    """A view of a few turns: some with failed attempts, some erring with a note after them, and a drawn turn."""
    history: list[Exchange] = []
    note = ""
    n_turns = draw(st.integers(1, 6))
    for turn in range(1, n_turns + 1):
        plain = f"Room {turn}."
        for attempt in range(draw(st.integers(0, 2))):
            failed = Exchange(note + plain, f"Posed {turn}.", f"failed {turn} {attempt}", erred=False, is_attempt=True)
            history.append(replace(failed, plain=plain))
            note, plain = "", f"Try again {turn} {attempt}."
        erred = draw(st.booleans())
        own = f"own {turn}"
        exchange = Exchange(note + plain, f"Posed {turn}.", own, erred, plain=plain)
        right = f"right {turn}" if erred else own
        history.append(replace(exchange, right=right, wrong=f"wrong {turn}", wrong_note=f"Note {turn}. "))
        note = f"Played for you {turn}. " if erred and draw(st.booleans()) else ""
    plain = f"Room {n_turns + 1}."
    return View(RULES, history, note + plain, "Posed now.", plain, impulse=draw(st.integers(1, n_turns)))


def texts(condition: str, view: View) -> list[str]:
    return [message.content for message in show(condition, view).messages]


@given(views())
def test_a_reminder_is_one_message_with_the_rules_before_it_and_nothing_else(view: View) -> None:
    reminded = texts("impulse:reminder", view)
    places = [place for place, text in enumerate(reminded) if text.startswith(REMINDED)]
    assert len(places) == 1
    assert f"{view.impulse}." in reminded[places[0]]
    assert [text.removeprefix(REMINDED) for text in reminded] == texts("natural", view)
    assert show("impulse:reminder", view).prior_errors == show("natural", view).prior_errors


@given(views())
def test_a_blank_is_one_more_exchange_and_a_note_stays_right_behind_its_reply(view: View) -> None:
    shown = texts("impulse:blank", view)
    place = shown.index(BLANK_REPLY)
    note = shown[place - 1].removesuffix(BLANK)
    rest = [*shown[: place - 1], note + shown[place + 1], *shown[place + 2 :]]
    assert show("impulse:blank", view).turn == show("natural", view).turn + 1
    # A first message that poses its state is not the first any more.
    natural = texts("natural", view)
    assert rest == natural or (view.impulse == 1 and rest[2:] == natural[2:] and place == 2)


@given(views())
def test_one_reply_is_replaced_and_no_other_text_but_the_note_on_it(view: View) -> None:
    turns = [exchange for exchange in view.history if not exchange.is_attempt]
    counted = turns[view.impulse - 1]
    n_failed = sum(text.startswith(f"failed {view.impulse} ") for text in texts("natural", view))
    for condition, reply, note in (
        ("impulse:right", counted.right, ""),
        ("impulse:error", counted.wrong, counted.wrong_note),
    ):
        shown, natural = texts(condition, view), texts("natural", view)
        if reply == counted.reply and not n_failed:
            assert shown == natural
            assert show(condition, view).extra["impulse_changed"] == 0
            continue
        place = shown.index(reply or "")
        assert natural[: place - 1] == shown[: place - 1]
        assert natural[place + 2 * n_failed] == counted.reply
        following = natural[place + 2 * n_failed + 1 :]
        own_note = f"Played for you {view.impulse}. "
        assert shown[place + 1 :] == [note + following[0].removeprefix(own_note), *following[1:]]
        errors = show("natural", view).prior_errors - counted.erred + (condition == "impulse:error")
        assert show(condition, view).prior_errors == errors


@given(views(), st.integers(1, 8))
def test_every_kth_message_has_the_rules_before_it_the_present_one_too(view: View, k: int) -> None:
    shown = texts(f"remind:{k}", view)
    assert [text.removeprefix(REMINDED) for text in shown] == texts("natural", view)
    n_turns = sum(not exchange.is_attempt for exchange in view.history) + 1
    assert sum(text.startswith(REMINDED) for text in shown) == n_turns // k
    assert shown[-1].startswith(REMINDED) == (n_turns % k == 0)


def test_the_first_message_is_reminded_where_every_message_is() -> None:
    assert texts("remind:1", View(RULES, (), "Posed 1.", "Posed 1.", "Posed 1.")) == [RULES, f"{REMINDED}Posed 1."]


@given(views())
def test_a_second_call_shows_the_natural_conversation_its_reply_and_one_question(view: View) -> None:
    replied = Exchange(view.asked, view.posed, "own now", erred=True)
    again = replace(view, replied=replied, again="Try again. Room.")
    natural = texts("natural", view)
    assert texts("retry", again) == [*natural, "own now", "Try again. Room."]
    assert texts("selfcheck", again) == [*natural, "own now", CHECK]
    # The reply under check is no earlier turn.
    for condition in ("retry", "selfcheck"):
        shown = show(condition, again)
        assert (shown.turn, shown.prior_errors) == (show("natural", view).turn, show("natural", view).prior_errors)


@given(views())
def test_a_playable_reply_counts_as_it_is(view: View) -> None:
    kept = show("retry", replace(view, replied=Exchange(view.asked, view.posed, "own now", erred=True)))
    assert kept.keeps_reply
    assert kept.messages == show("natural", view).messages

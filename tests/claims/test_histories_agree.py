"""No condition shows a history that contradicts the state it is judged at, in any environment and setting.

A history is replayed by the environment's own rules, from its first message to the question: each reply, or the action
that a note says was played, must lead to a state whose text is the next message, and the last one to the judged state.
"""

import re
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import chess
import pytest
from all_conditions import ALL
from scripted_play import Listed, Scripted

from horizon.core.environment import open_environment
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Reply, Score, Scores
from horizon.core.registry import names
from horizon.core.seeds import derive, generator
from horizon.engines.position_text import board_of_position
from horizon.play.loop import play
from horizon.play.setting import Setting
from horizon.scenarios.impulses import BLANK, BLANK_REPLY
from horizon.scenarios.interventions import QUOTE
from horizon.scenarios.mitigations import CHECK
from horizon.scenarios.scenario import make

PLANNING = (
    "blocks_world",
    "checker_jumping",
    "endgame",
    "grid_walk",
    "hanoi",
    "pddl",
    "river_crossing",
    "sliding_tiles",
)
EXECUTION = ("board_tracking", "list_editing", "permutation", "running_total", "stack_machine")
LATER = ("", "last_move", "last_move+legal_moves", "last_move+fen", "moves")
SETTINGS = [
    *(f"{name}:restate={restate},rounds=0" for name in PLANNING for restate in ("state", "event", "nothing")),
    "hanoi:restate=event,rounds=0,ask=plan",
    *(f"{name}:restate={restate}" for name in EXECUTION for restate in ("state", "event", "nothing")),
    *(f"chess:later={later},show=last_move+fen" for later in LATER),
    "chess:later=last_move,shift=renamed",
    *(f"chess_variant:later={later}" for later in ("", "last_move", "last_move+fen")),
    "puzzle:rounds=0",
]
CONDITIONS = [*ALL, "corrupted:1"]
NOTE = re.compile(r"Your last reply could not be played\. Played for you: (.*)\n")
RETRY = re.compile(r"Your last reply .*\. Try again\.\n")


@dataclass
class SeededScores:
    """A judge that scores all legal moves by a hash of position and move."""

    def submit(self, position: str) -> "Future[Scores]":
        moves = board_of_position(position).legal_moves
        wins = {move.uci(): derive(7, position, move.uci()) % 1000 / 1000 for move in moves}
        ordered = sorted(wins, key=lambda uci: -wins[uci])
        future: Future[Scores] = Future()
        future.set_result(Scores({uci: Score(wins[uci], round(1000 * wins[uci])) for uci in ordered}))
        return future


def erring(request: Request) -> Reply:
    """Reply correctly, with any legal action, with one of the start, or with none, by the request's seed."""
    posed, draw = request.posed, generator(request.seed)
    kind = draw.random()
    best = posed.optimal_action()
    if kind < 0.4 and best is not None:
        return Reply(posed.render(best))
    if kind < 0.7:
        return Reply(posed.render(draw.choice(posed.actions())))
    return Reply("Answer: Qh9" if kind < 0.85 else "I do not know.")


def played(text: str, **keys: Any) -> tuple[Setting, Listed, Scripted]:
    task = open_environment(text)
    given = {"environment": text, "episodes": 1, "turns": 6, "conditions": CONDITIONS, **keys}
    opponents = {"random": open_model("random", ModelOptions())} if task.has_opponent else {}
    scenario = make({**given, "opponents": list(opponents), "temperature": 1.0}, "test")
    model = Scripted(erring)
    setting = Setting(scenario, task, model, opponents, SeededScores(), run_id="run")
    journal = Listed()
    return setting, journal, model


def dialogue(request: Request) -> list[str]:
    """Return the messages after the rules, alternating; replies that a longer message quotes are messages again.

    Reminders of the rules, exchanges that ask for nothing and the request to check a reply are left out.
    """
    texts: list[str] = []
    rules, *messages = [message.content for message in request.messages]
    if messages[-1] == CHECK:
        messages = messages[:-2]
    for place, message in enumerate(messages[:-1]):
        if message.endswith(BLANK) and messages[place + 1] == BLANK_REPLY:
            messages[place : place + 3] = [message.removesuffix(BLANK) + messages[place + 2]]
            break
    for message in messages:
        first, *quoted = message.removeprefix(f"The rules once more:\n{rules}\n\n").split(f"\n\n{QUOTE}")
        texts.append(first)
        for part in quoted:
            texts += part.split("\n\n", 1)
    return texts


def is_restated(task: Any, state: Any, message: str) -> bool:
    """Return whether a message states a state in full."""
    if task.pose(state) in message:
        return True
    if task.name not in ("chess", "chess_variant"):
        return False
    moves = [chess.Move.from_uci(uci) for uci in state.moves]
    return state.position.fen in message or f"far: {board_of_position(state.root).variation_san(moves)}\n" in message


@dataclass
class Reached:
    """A state that a history can have led to, and the errors on the way."""

    state: Any
    errors: int = 0


def reached(setting: Setting, states: list[Any], texts: list[str]) -> list[Reached]:
    """Return the states that a dialogue leads to, by the environment's rules; none if it contradicts itself."""
    task = setting.task
    at = [Reached(state) for state in states if task.pose(state) == texts[0]]
    for reply, message in zip(texts[1::2], texts[2::2], strict=True):
        at = [after for before in at for after in after_exchange(setting, states, before, reply, message)]
    return at


def after_exchange(setting: Setting, states: list[Any], before: Reached, reply: str, message: str) -> list[Reached]:
    """Return the states of the episode to which an exchange can lead, by the next message."""
    task, state = setting.task, before.state
    if RETRY.match(message):
        return [before] if RETRY.sub("", message, count=1) == task.observe(state) else []
    answer, note = task.parse(state, reply), NOTE.match(message)
    is_playable = answer.error == "none" and task.is_playable(state, answer.action)
    if is_playable == (note is not None):
        return []
    action = answer.action if note is None else task.parse(state, f"Answer: {note[1]}").action
    if action is None or not task.is_playable(state, action):
        return []
    position = task.engine_position(state)
    scores = setting.judge.submit(position).result() if position and setting.judge else None
    errors = before.errors + (not is_playable or task.judge(state, action, scores).error != "none")
    after, text = task.step(state, action), NOTE.sub("", message, count=1)
    is_opponents = task.done(after) is None and task.mover(after) == "opponent"
    following = [task.step(after, move) for move in task.actions(after)] if is_opponents else [after]
    return [Reached(state, errors) for state in following if state in states and task.observe(state) == text]


def faults(setting: Setting, journal: Listed, model: Scripted) -> list[str]:
    """Return each request whose history contradicts its state, or counts other errors than it shows."""
    task = setting.task
    natural: dict[str, list[Any]] = {}
    for row in journal.turns:
        if row.condition == "natural":
            natural.setdefault(row.episode_id, []).append(task.load(row.state))
    lines = []
    for request in model.requests:
        episode, _, probe = request.conversation.partition("/")
        condition = probe.rpartition("/")[0] or "natural"
        state, texts = request.posed.posed_state, dialogue(request)
        if is_restated(task, state, texts[-1]):
            continue
        ends = [end for end in reached(setting, natural[episode], texts) if end.state == state]
        counted = request.prior_errors
        if not ends:
            lines.append(f"{condition} at turn {request.turn} of {episode} leads elsewhere")
        # Errors in hidden replies count for none.
        elif condition != "hide:own" and counted not in [end.errors for end in ends]:
            lines.append(f"{condition} at turn {request.turn} counts {counted} errors, not {ends[0].errors}")
    return lines


def test_the_settings_are_those_of_all_environments() -> None:
    # The questions of reasoning_gym are asked in full and independent of each other; it comes by an extra.
    assert {text.partition(":")[0] for text in SETTINGS} | {"reasoning_gym"} == set(names("environments"))


@pytest.mark.parametrize("text", SETTINGS)
def test_every_history_leads_to_the_state_it_is_judged_at(text: str) -> None:
    setting, journal, model = played(text)
    play(setting, journal)
    assert faults(setting, journal, model) == []
    assert len(model.requests) >= 4 * len(CONDITIONS)


@pytest.mark.parametrize("text", ["chess:later=last_move", "hanoi:restate=event,rounds=0"])
def test_a_history_of_replies_that_were_not_played_is_noticed(text: str) -> None:
    setting, journal, model = played(text)
    object.__setattr__(setting, "carries", False)
    play(setting, journal)
    conditions = {line.partition(" ")[0] for line in faults(setting, journal, model)}
    # Whether the reply at the impulse's turn was wrong and played is a matter of the seed.
    assert conditions - {"impulse:right"} == {"healed", "corrupted:0.5", "corrupted:1", "impulse:error"}


@pytest.mark.parametrize("text", ["chess:later=last_move", "hanoi:restate=event,rounds=0"])
def test_where_replies_carry_the_state_a_corrupted_history_holds_unplayable_replies(text: str) -> None:
    setting, journal, model = played(text, on_error="retry:1")
    play(setting, journal)
    assert faults(setting, journal, model) == []
    requests = [request for request in model.requests if "/corrupted:1/" in request.conversation]
    n_notes = [sum(bool(NOTE.match(text)) for text in dialogue(request)) for request in requests]
    assert n_notes == [request.turn - 1 for request in requests]

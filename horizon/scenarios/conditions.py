"""The conditions: what a model is shown of its history at a turn, one function for each experimental arm.

A new condition is one function and its entry in `CONDITIONS`; scenarios, the turn loop, replays, `horizon list` and
the documentation read everything else from that entry. Pure: knows no model, no environment and no file.
"""

import re
from collections.abc import Iterator

from horizon.core.registry import nearest
from horizon.scenarios import histories, impulses, interventions, mitigations
from horizon.scenarios.condition import Condition, Takes
from horizon.scenarios.views import Shown, View


def show(condition: str, view: View) -> Shown:
    """Return what the model is shown at a turn under a condition.

    Raises:
        ValueError: an unknown condition.
    """
    name, number = split_condition(condition)
    return CONDITIONS[name].show(view, number)


CONDITIONS: dict[str, Condition] = {
    "natural": Condition(
        histories.show_natural,
        "its own whole history",
        "the error rate that users get",
        "nothing",
        needs_history=False,
    ),
    "fresh": Condition(
        histories.show_fresh,
        "the state in full without a history, as at turn 1",
        "natural-fresh: the effect of the whole history on the same states",
        "the state's full text has all that a correct reply needs",
        needs_history=False,
    ),
    "healed": Condition(
        histories.show_healed,
        "its history with every incorrect reply replaced by a correct one",
        "natural-healed: the effect of the model's own errors in its history",
        "a correct reply in its place changes nothing but the error; where a state returns within an episode, as in "
        "planning puzzles, the reply to its earlier message is the answer itself (the report names their share)",
        "an unplayable reply is replaced by the action that was played in its place, and a wrong action that was "
        "played stays; natural-healed is the effect of its own unplayable replies and of the notes on them",
        needs_oracle=True,
        alternatives=("right_reply",),
    ),
    "corrupted": Condition(
        histories.show_corrupted,
        "its history with a share p of the replies plausible and incorrect, all others correct",
        "corrupted:p-healed: the effect of a share p of errors in the history",
        "the errors shown are like those that the model makes",
        "a share p of the replies can't be played, each with the note on what was played in its place, the others are "
        "those of healed; corrupted:p-healed is the effect of a share p of unplayable replies with their notes",
        takes="p",
        needs_oracle=True,
        alternatives=("right_reply", "wrong_reply"),
    ),
    "padded": Condition(
        histories.show_padded,
        "neutral text as long as the history, then the state in full",
        "padded-fresh: the effect of a longer context without turns",
        "the text asks for nothing and distracts as the history would",
    ),
    "window": Condition(
        histories.show_window,
        "the last k turns of its history",
        "natural-window:k: what a shorter history gains",
        "nothing: a mitigation as it would be used",
        takes="k",
    ),
    "foreign": Condition(
        histories.show_foreign,
        "as many turns of another episode, all correct, then the state in full",
        "foreign-fresh: the effect of practice with the format",
        "another episode's states neither help nor mislead",
        needs_oracle=True,
    ),
    "recap": Condition(
        histories.show_recap,
        "a summary of the history, then the state in full",
        "natural-recap: what a summary in place of the history gains",
        "nothing: a mitigation as it would be used",
    ),
    "repeat": Condition(
        histories.show_repeat,
        "the natural conversation once more; k counts the repetitions",
        "natural-repeat:k: 0; a negative control, and the noise of the instrument",
        "nothing",
        takes="k",
        repeats=True,
    ),
    "hide:own": Condition(
        interventions.show_without_own,
        "the same tokens at the same positions, its own earlier replies hidden from attention",
        "natural-hide:own: the effect of reading its own replies; length and positions are the same",
        "attention treats the gaps left by hidden text as no cause of their own; later messages do not repeat the "
        "replies (a note on an error, a state that follows from them)",
        "the state itself is hidden with the replies, and natural-hide:own is the effect of losing it, too",
        needs_recall=True,
    ),
    "hide:other": Condition(
        interventions.show_without_other,
        "the same tokens at the same positions, the environment's earlier messages hidden from attention",
        "natural-hide:other: the effect of reading earlier messages; length and positions are the same",
        "the last message states all that a correct reply needs, and attention treats gaps as no cause of their own",
        "what earlier messages show of the state (an opponent's moves) is hidden, and natural-hide:other is the "
        "effect of losing it, too",
        needs_recall=True,
    ),
    "kv": Condition(
        interventions.show_rounded,
        "its own whole history, whose keys and values are rounded to so many bits (2 to 16, or 32: exact)",
        "kv:bits-natural, the contrast natural-kv:bits with the other sign: the harm of an imprecise memory",
        "the history is read exactly and rounded once before the last message is read; a cache that is rounded while "
        "it grows may do more harm",
        takes="bits",
        needs_recall=True,
    ),
    "recut": Condition(
        interventions.show_recut,
        "the same transcript in longer turns, each of k; the replies inside one are quoted in its message",
        "natural-recut:k: the effect of the number of turns that the transcript has, turns as such",
        "a reply quoted in a message and the same reply in a turn of its own differ in nothing but the turn; tokens "
        "are equal but for the template's marks (compare context_tokens)",
        takes="k",
    ),
    "recut:all": Condition(
        interventions.show_in_one,
        "the same transcript as one message, its replies quoted",
        "natural-recut:all: the effect of turns as such, all of them against one",
        "as for recut:k",
    ),
    "think:keep": Condition(
        interventions.show_with_thinking,
        "its own whole history with all that it thought before its earlier replies",
        "natural-think:keep, where thinking=drop: what is gained by leaving earlier thinking out",
        "the chat template repeats thinking (a local one that drops it is refused); a server's template may drop it",
    ),
    "think:drop": Condition(
        interventions.show_without_thinking,
        "its own whole history without earlier thinking, as most templates of thinking models have it",
        "natural-think:drop, where thinking=keep: what is lost by reading earlier thinking; 0 at thinking=drop",
        "nothing",
    ),
    "think:last": Condition(
        interventions.show_last_thinking,
        "its own whole history with the thinking of the last reply alone",
        "think:keep-think:last: the effect of thinking before that",
        "as for think:keep",
    ),
    "think:replace": Condition(
        interventions.show_replaced_thinking,
        "its own whole history with neutral text as long in place of earlier thinking",
        "think:keep-think:replace: the effect of what earlier thinking contains; its length is the same",
        "as for think:keep, and the neutral text distracts as thinking would",
        alternatives=("neutral_thinking",),
    ),
    "road:own": Condition(
        interventions.show_own_road,
        "the moves of its history as they were played, each reply in its shortest form, without notes",
        "road:own-road:other: the effect of the order in which one position was reached",
        "as for road:other",
        needs_roads=True,
    ),
    "road:other": Condition(
        interventions.show_other_road,
        "the same moves in another order that reaches the same position, written as for road:own",
        "road:own-road:other: the effect of the order in which one position was reached; 0 for a model that sees the "
        "position alone",
        "men, side to move, castling, en passant and counters are the same; only states with another legal order are "
        "posed, which late and quiet positions have more often; repetitions of earlier positions may differ",
        needs_roads=True,
    ),
    "transplant": Condition(
        interventions.show_transplanted,
        "the transcript by which another run reached the same state, as its own history",
        "natural-transplant:RUN: the effect of its own transcript instead of that of RUN's model, on the states that "
        "both reached",
        "RUN has the same environment, version, parameters, seed and opponents; states that RUN did not reach at "
        "that turn are not posed, and where both diverge the shared states are few and early",
        takes="RUN",
    ),
    **impulses.IMPULSES,
    **mitigations.MITIGATIONS,
}
"""All conditions by name; a name with a colon takes nothing more."""

_NUMBERS: dict[Takes, tuple[str, str]] = {
    "k": (r"[1-9][0-9]{0,5}", "a whole number from 1 to 999999"),
    "bits": (r"[2-9]|1[0-6]|32", "a number of bits from 2 to 16, or 32 (exact)"),
    "RUN": (r".*\S.*", "a run folder"),
    "p": (r"0?\.[0-9]{1,4}|[01](\.0{1,4})?", "a share from 0 to 1, such as 0.25"),
}
"""What a number after the colon must match, and how it is described, by what a condition takes."""


def split_condition(text: str) -> tuple[str, float]:
    """Return a condition's name and its number (0 where it takes none).

    Raises:
        ValueError: an unknown condition, or a number missing, out of place or out of range.
    """
    if text in CONDITIONS and not CONDITIONS[text].takes:
        return text, 0.0
    name, colon, number = text.partition(":")
    if name not in CONDITIONS:
        raise ValueError(f"unknown condition '{text if colon else name}': {nearest(text, CONDITIONS)}")
    takes = CONDITIONS[name].takes
    if bool(takes) != bool(colon):
        raise ValueError(f"condition '{text}': write it as {spell(name)}")
    pattern, description = _NUMBERS[takes]
    if not re.fullmatch(pattern, number):
        raise ValueError(f"condition '{text}': '{number}' is not {description}")
    return name, 0.0 if takes == "RUN" else float(number)


def donor_of(text: str) -> str | None:
    """Return the run folder that a condition names; None for one that names none."""
    name, _ = split_condition(text)
    return text.partition(":")[2] if CONDITIONS[name].takes == "RUN" else None


def condition_of(text: str) -> Condition:
    """Return the condition that a text such as `window:5` names.

    Raises:
        ValueError: as `split_condition`.
    """
    return CONDITIONS[split_condition(text)[0]]


def spell(name: str) -> str:
    """Return how a condition is written, as `window:k`."""
    takes = CONDITIONS[name].takes
    return f"{name}:{takes}" if takes else name


def describe_conditions() -> Iterator[dict[str, str]]:
    """Yield every condition as texts: its name, what the model sees, what is estimated, and when."""
    for name, condition in CONDITIONS.items():
        yield {
            "name": spell(name),
            "summary": condition.summary,
            "estimand": condition.estimand,
            "assumes": condition.assumes,
            **({"carried": condition.carried} if condition.carried else {}),
        }

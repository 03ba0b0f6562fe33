"""Every condition once, each with a number where it takes one, but for those that need another run or road."""

from horizon.scenarios.conditions import CONDITIONS, condition_of

_NUMBERS = {"": "", "k": ":2", "p": ":0.5", "bits": ":8"}
ALL = [
    name + _NUMBERS[condition.takes]
    for name, condition in CONDITIONS.items()
    if condition.takes != "RUN" and not condition.needs_roads
]
EVERY_TURN = [name for name in ALL if not condition_of(name).needs_impulse]
"""Those that pose the states of all natural turns."""

"""Every condition once, each with a number where it takes one; those that need another run are tested on their own."""

from horizon.scenarios.conditions import CONDITIONS

_NUMBERS = {"": "", "k": ":2", "p": ":0.5", "bits": ":8"}
ALL = [name + _NUMBERS[condition.takes] for name, condition in CONDITIONS.items() if condition.takes != "RUN"]

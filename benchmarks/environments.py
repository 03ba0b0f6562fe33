"""Judged turns a second of every environment, tables built: observe, parse, judge, step, as a run does it.

    python benchmarks/environments.py [--turns 4000]

The peer is the same loop around a bare `random.Random` choice among the actions (what no environment can beat); the
figures that count are turns a second on one core. Targets: 20,000 for bookkeeping environments, 5,000 for planning
    ones.
"""

import argparse
import os
import tempfile
import time
from random import Random

EXECUTION = ("running_total", "permutation", "stack_machine", "list_editing", "board_tracking")
PLANNING = (
    "hanoi:rounds=0",
    "blocks_world:rounds=0",
    "river_crossing:rounds=0",
    "checker_jumping:rounds=0",
    "sliding_tiles:rounds=0",
    "grid_walk:rounds=0",
    "pddl:rounds=0",
    "endgame:rounds=0",
)


def turns_a_second(text: str, turns: int) -> tuple[float, float, float]:
    """Return judged turns a second of a random player, its share of right turns, and the seconds of the first turn."""
    from horizon.core.environment import open_environment

    began = time.perf_counter()
    task = open_environment(text)
    state = task.reset(0)
    task.judge(state, task.oracle(state))
    built = time.perf_counter() - began
    draw, right, made, seed = Random(0), 0, 0, 0
    # New instances all the way: what is kept from the last one may help, as it does in a run.
    began = time.perf_counter()
    while made < turns:
        seed += 1
        state = task.reset(seed)
        for _ in range(50):
            actions = task.actions(state)
            action = draw.choice(actions)
            answer = task.parse(state, task.render(state, action))
            verdict = task.judge(state, answer.action)
            right += verdict.error == "none"
            made += 1
            state = task.step(state, action)
            task.observe(state)
            if task.done(state) is not None:
                break
    return made / (time.perf_counter() - began), right / made, built


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=4000)
    given = parser.parse_args()
    os.environ["HORIZON_CACHE"] = tempfile.mkdtemp()
    for texts, target in ((EXECUTION, 20_000), (PLANNING, 5_000)):
        for text in texts:
            speed, right, built = turns_a_second(text, given.turns)
            told = f"{text:28} {speed:9,.0f} judged turns/s (target {target:,}): ratio {speed / target:6.2f}"
            print(f"{told}; random player right {100 * right:.0f} %; tables built in {built:.2f} s")


if __name__ == "__main__":
    main()

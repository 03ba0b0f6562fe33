"""Chess and its variants as environments need them: positions, moves, starts, telling, shifts, judging. No engine."""

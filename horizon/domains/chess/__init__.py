"""Chess and its variants for environments: positions, moves, starts, observations, shifts, judging. No engine."""

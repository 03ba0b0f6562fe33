"""Rules, wording and judging that task families share; the puzzle tools."""

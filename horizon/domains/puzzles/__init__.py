"""Chess puzzles: read from files, made from nothing but rules and an engine, chosen and judged."""

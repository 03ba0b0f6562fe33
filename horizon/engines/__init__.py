"""UCI engines: position text in, scores of all moves out; process, pool and cache."""

"""Other projects' records of play: archives read safely, games replayed, and what they hold as an ordinary run."""

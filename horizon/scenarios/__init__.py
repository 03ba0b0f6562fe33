"""What to play and what to expect: TOML files, their schema and their checks."""

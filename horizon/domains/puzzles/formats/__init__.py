"""The formats that puzzles come in: numbered lines in, puzzles and bad rows out. No module here opens a file."""

"""The file formats of puzzles: numbered lines in, puzzles and bad rows out. No module here opens a file."""

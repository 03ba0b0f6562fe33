"""Decoding of many growing conversations at the cost of their new tokens only; see docs/speed.md."""

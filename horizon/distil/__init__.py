"""Students: small language models trained here on a known teacher's answers in Horizon's own environments."""

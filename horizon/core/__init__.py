"""The nouns and the contracts of environments, models and estimators; standard library only."""

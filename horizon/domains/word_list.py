"""Common English nouns of one or two syllables with different first letters: the content of lists and dictionaries."""

# fmt: off
WORDS = (
    "apple", "bread", "chair", "dance", "eagle", "flame", "grape", "house", "island", "jacket", "kettle",
    "ladder", "market", "needle", "ocean", "pencil", "quilt", "river", "stone", "table", "uncle", "violin",
    "window", "yellow", "zebra", "anchor", "basket", "candle", "dragon", "engine", "forest", "garden", "hammer",
    "insect", "jungle", "kitten", "lemon", "mirror", "nickel", "orange", "paper", "queen", "rabbit", "silver",
    "tunnel", "velvet", "walnut", "copper", "bridge", "castle", "desert", "feather", "glove", "honey",
)
# fmt: on

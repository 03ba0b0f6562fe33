"""One module per backend; the file's name is the part of a model's name before the colon.

A module here has `open_model(argument, options) -> Model` and declares its `CAPABILITIES`. It may use the contracts,
`horizon.engines.engine`, `horizon.core.answers` and anything below; never another backend.
"""

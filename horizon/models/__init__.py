"""One module a backend; the file's name is what stands before the colon in a model's name.

A module here has `open_model(argument, options) -> Model`. It may use the contracts, `horizon.engines.engine`,
`horizon.core.answers` and anything below; never another backend.
"""

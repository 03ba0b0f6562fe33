"""What there is to play, and opening it by name: environments and models, Horizon's own and those of plug-ins."""

from typing import Any

from horizon.core import registry
from horizon.core.environment import Environment, open_environment
from horizon.core.model import Model, ModelOptions, open_model


def environments() -> tuple[str, ...]:
    """Return the names of all environments, sorted.

    Examples
    --------
    >>> import horizon
    >>> "hanoi" in horizon.environments()
    True
    """
    return registry.names("environments")


def models() -> tuple[str, ...]:
    """Return the names of all model backends, sorted; most take an argument, as in `hf:ORG/NAME`.

    Examples
    --------
    >>> import horizon
    >>> "random" in horizon.models()
    True
    """
    return registry.names("models")


def make_environment(name: str, **parameters: Any) -> Environment[Any]:
    """Return an environment.

    Parameters
    ----------
    name
        Its name, alone or with parameters: `hanoi` or `hanoi:disks=4`.
    **parameters
        Further parameters.

    Raises
    ------
    UsageError
        An unknown name or parameter (the message has the nearest), or a value out of range.

    Examples
    --------
    >>> import horizon
    >>> task = horizon.make_environment("hanoi", disks=3)
    >>> task.judge(task.reset(0), task.oracle(task.reset(0))).error
    'none'
    """
    return open_environment(name, parameters)


def load_model(name: str, **options: Any) -> Model:
    """Return a model, opened; `close` frees it.

    Parameters
    ----------
    name
        Such as `smollm2`, `hf:ORG/NAME`, `gguf:FILE`, `openai:NAME` or `random`.
    **options
        Fields of `horizon.core.model.ModelOptions`, such as `temperature=0.7`.

    Raises
    ------
    UsageError
        An unknown backend (the message has the nearest), or bad settings.
    ModelFailure
        The model could not be loaded or reached.
    """
    return open_model(name, ModelOptions(**options))

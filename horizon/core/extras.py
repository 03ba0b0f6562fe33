"""Optional packages: what each extra of the distribution brings, and the one error for a package that is absent.

Code that needs an optional package calls `require` first and imports the package after it, inside the function that
uses it, so that a plain install imports nothing it does not have.
"""

from importlib.util import find_spec
from typing import Literal

from horizon.core.errors import UsageError

Extra = Literal[
    "local",
    "openvino",
    "llamacpp",
    "pddl",
    "ray",
    "testing",
    "gymnasium",
    "inspect",
    "verifiers",
    "reasoning-gym",
    "wandb",
    "mlflow",
]

APART: tuple[Extra, ...] = ("inspect", "verifiers", "wandb", "mlflow")
"""The extras with an environment of their own: they hold packages below what the others need, or bring many more."""

ROW_EXTRAS: tuple[Extra, ...] = ("local", "openvino", "llamacpp", "pddl", "reasoning-gym")
"""The extras whose packages can change what a turn's row holds; a manifest records their versions."""


def require(*packages: str, extra: Extra, purpose: str) -> None:
    """Check that packages are installed, without importing them.

    `purpose` opens the message: `model 'hf:ORG/NAME'` becomes "model 'hf:ORG/NAME' needs torch: pip install ...".

    Raises:
        UsageError: one of them is absent; the message names it and the pip line that installs its extra.
    """
    for package in packages:
        if not is_installed(package):
            raise UsageError(f"{purpose} needs {package}: {pip_line(extra)}")


def is_installed(package: str) -> bool:
    """Return whether a package can be imported. Cost: one search of the path, nothing is imported."""
    return find_spec(package) is not None


def pip_line(extra: Extra) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'horizon-testbed[{extra}]'"

"""The name of an environment with its version, as plans and manifests record it: `hanoi-v2`.

Equal names and versions mean equal tasks; runs of different versions are never compared.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnvironmentName:
    """A name and a version; a text without a version, as in imported archives, has an empty one."""

    name: str
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> "EnvironmentName":
        """Return the parts of `hanoi-v2`; a `-v` inside the name belongs to the name."""
        name, separator, version = text.rpartition("-v")
        return cls(name, version) if separator and version.isdigit() else cls(text)

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}" if self.version else self.name

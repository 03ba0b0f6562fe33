"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.model` instead."""

from horizon.core.model import *  # noqa: F403

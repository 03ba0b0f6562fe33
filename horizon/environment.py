"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.environment` instead."""

from horizon.core.environment import *  # noqa: F403

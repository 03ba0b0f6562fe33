"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.parameters` instead."""

from horizon.core.parameters import *  # noqa: F403

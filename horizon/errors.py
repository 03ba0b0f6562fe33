"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.errors` instead."""

from horizon.core.errors import *  # noqa: F403

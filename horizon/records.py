"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.records` instead."""

from horizon.core.records import *  # noqa: F403

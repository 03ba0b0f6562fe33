"""Kept for one release, for plug-ins that import it: import from `horizon` or `horizon.core.estimator` instead."""

from horizon.core.estimator import *  # noqa: F403

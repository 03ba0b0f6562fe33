"""Plug-ins for Horizon: the environment `nim`, the model backend `careless`, the estimator `error_by_stones`."""

"""What holds for all tests: one thread for each process, as the processes of a run share the cores among them."""

import os

# Before anything imports numpy or torch; processes that tests start inherit it.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

"""Weights & Biases: parameters, figures, curves along turns and the page, into the project that WANDB_PROJECT names.

With WANDB_MODE=offline everything is written below the current folder, for `wandb sync`.
"""

import os

from horizon.core.errors import UsageError
from horizon.core.extras import require
from horizon.report.tracking import LoggedRun

_WAIT_S = 30.0
"""How long an unreachable server is waited for."""


def check() -> None:
    """Refuse a missing package.

    Raises:
        UsageError: wandb is not installed; the message has the pip line.
    """
    require("wandb", extra="wandb", purpose="--log wandb")


def log(record: LoggedRun) -> str:
    """Log a record as one run of wandb, and return its address, or its folder where it is offline.

    Raises:
        UsageError: nobody is logged in, and wandb would ask for a key at the terminal.
    """
    import wandb

    is_offline = os.environ.get("WANDB_MODE", "online") in ("offline", "disabled", "dryrun")
    if not is_offline and not wandb.login(prompt=False):
        raise UsageError("wandb has no key: run wandb login, or set WANDB_MODE=offline")
    settings = wandb.Settings(console="off", silent=True, init_timeout=_WAIT_S)
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", "horizon"),
        name=record.name[:128],
        config=dict(record.parameters),
        reinit="create_new",
        settings=settings,
    )
    try:
        run.define_metric("turn")
        run.define_metric("error_by_turn/*", step_metric="turn")
        for curve in record.curves:
            for turn, rate, low, high in curve.points:
                ends = {curve.name: rate, f"{curve.name}_low": low, f"{curve.name}_high": high}
                run.log({"turn": turn, **{name: value for name, value in ends.items() if value is not None}})
        run.log({"report": wandb.Html(record.page.read_text(encoding="utf-8"), inject=False)})
        run.summary.update(record.figures)
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()
    return str(run.dir if is_offline else run.url)


TRACKER = log

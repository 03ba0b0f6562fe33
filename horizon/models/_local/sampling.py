"""The next token of each job: the likeliest, or one drawn by the job's own generator. Knows logits only."""

from collections.abc import Sequence

import torch
from torch import Tensor

from horizon.models._local.jobs import Job


def choose_tokens(logits: Tensor, jobs: Sequence[Job], generators: Sequence[torch.Generator]) -> list[int]:
    """Return the next token of each row: the likeliest, or one drawn by the row's own generator."""
    best: list[int] = logits.argmax(dim=-1).tolist()
    for row, (job, generator) in enumerate(zip(jobs, generators, strict=True)):
        if job.temperature > 0:
            best[row] = _sample(logits[row].cpu(), job, generator)
    return best


def _sample(logits: Tensor, job: Job, generator: torch.Generator) -> int:
    """Draw from the softmax at the job's temperature, cut to the smallest set of tokens that holds `top_p`.

    Source: Holtzman et al. (2020), The curious case of neural text degeneration, arXiv 1904.09751.
    """
    chances, order = torch.softmax(logits.double() / job.temperature, dim=-1).sort(descending=True, stable=True)
    if job.top_p < 1:
        before = chances.cumsum(0) - chances
        chances = torch.where(before < job.top_p, chances, 0.0)
    return int(order[torch.multinomial(chances, 1, generator=generator)])

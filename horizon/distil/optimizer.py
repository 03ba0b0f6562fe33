"""Muon: momentum whose matrices are made orthogonal, for the weights inside a network; fewer steps than AdamW needs.

Source: Jordan et al. (2024), Muon: an optimizer for hidden layers, kellerjordan.github.io/posts/muon; the scale that
keeps AdamW's learning rates is from Liu et al. (2025), arXiv 2502.16982. Matrices of one shape are worked on together,
since a student's are small.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

_MOMENTUM = 0.95
_DECAY = 0.1
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_SCALE = 0.2


class Muon(torch.optim.Optimizer):
    """Muon over matrices; `lr` is in the units of AdamW."""

    def __init__(self, matrices: Iterable[Tensor], lr: float) -> None:
        """Take the matrices to change."""
        super().__init__(list(matrices), {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change the matrices by their gradients."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for shape, matrices in by_shape.items():
                changes = []
                for matrix in matrices:
                    state = self.state[matrix]
                    momentum = state.setdefault("momentum", torch.zeros_like(matrix))
                    assert matrix.grad is not None  # chosen above
                    momentum.lerp_(matrix.grad, 1 - _MOMENTUM)
                    changes.append(torch.lerp(matrix.grad, momentum, _MOMENTUM))
                scale = _SCALE * max(shape) ** 0.5
                for matrix, change in zip(matrices, orthogonal(torch.stack(changes)), strict=True):
                    matrix.mul_(1 - group["lr"] * _DECAY).add_(change, alpha=-group["lr"] * scale)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return matrices with the same singular vectors and singular values of about 1; shape (count, rows, columns)."""
    working = matrices.to(torch.bfloat16) if matrices.is_cuda else matrices
    is_tall = working.shape[-2] > working.shape[-1]
    if is_tall:
        working = working.mT
    working = working / (working.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    first, second, third = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        square = working @ working.mT
        working = first * working + (second * square + third * square @ square) @ working
    ordered: Tensor = working.mT if is_tall else working
    return ordered.to(matrices.dtype)

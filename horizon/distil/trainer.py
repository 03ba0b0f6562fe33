"""Training of a student: Muon and AdamW over steps whose batches are drawn by seed; checkpoints, resuming, progress.

Knows lessons and torch; neither the task nor the teacher. A step depends on the seed and its number alone, so that a
run that was killed and resumed ends with the same weights, up to the device's rounding.
"""

import io
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from horizon.core.errors import StoreError
from horizon.distil.batches import Batch, Lessons, join
from horizon.distil.network import INITIAL_STD, SIZES, Network
from horizon.distil.optimizer import Muon
from horizon.runs.replacing import replace_text, replacing


@dataclass(frozen=True, slots=True)
class Training:
    """How a student is trained; `device` is cpu or cuda, where bfloat16 is used for products."""

    size: str = "middle"
    steps: int = 2000
    learning_rate: float = 2e-3
    warmup_steps: int = 180
    seed: int = 0
    initial_std: float = INITIAL_STD
    device: str = "cpu"
    checkpoint_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training is: `loss` is the mean in nats per target over the last steps."""

    step: int
    steps: int
    loss: float
    seconds: float


def train(
    lessons: Lessons, training: Training, folder: Path, watch: Callable[[Progress], None] = lambda progress: None
) -> Network:
    """Train a student, or resume it from the checkpoint in `folder`; return the network on the CPU."""
    folder.mkdir(parents=True, exist_ok=True)
    device = torch.device(training.device)
    network = Network(SIZES[training.size], lessons.words, training.seed, training.initial_std).to(device).train()
    inner = [weight for name, weight in network.named_parameters() if weight.dim() > 1 and "embed" not in name]
    outer = [weight for name, weight in network.named_parameters() if weight.dim() < 2 or "embed" in name]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(inner, lr=training.learning_rate),
        torch.optim.AdamW(outer, lr=training.learning_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]
    table = lessons.table()
    aims = (torch.from_numpy(table.tokens).to(device), torch.from_numpy(table.shares).to(device))
    checkpoint = folder / "checkpoint.pt"
    first, spent, curve = _restore(checkpoint, network, optimizers, device)
    if curve:
        watch(Progress(first, training.steps, curve[-1][1], spent))
    began = saved = time.monotonic()
    recent: list[Tensor] = []
    for step, batches in _ahead(lessons, training, first):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = training.learning_rate * _share_of_rate(step, training)
        recent.append(_step(network, optimizers, batches, aims))
        is_last = step + 1 == training.steps
        if (step + 1) % 50 == 0 or is_last:
            mean = float(torch.stack(recent).mean())
            recent.clear()
            seconds = spent + time.monotonic() - began
            curve.append((step + 1, round(mean, 4)))
            watch(Progress(step + 1, training.steps, mean, seconds))
        if is_last or time.monotonic() - saved > training.checkpoint_s:
            _save(checkpoint, network, optimizers, (step + 1, spent + time.monotonic() - began, curve))
            saved = time.monotonic()
    replace_text(folder / "loss.json", json.dumps(curve))
    return network.to("cpu").eval()


def _step(
    network: Network,
    optimizers: Sequence[torch.optim.Optimizer],
    batches: Sequence[Batch],
    aims: tuple[Tensor, Tensor],
) -> Tensor:
    """Add the gradients of the batches, change the weights, and return the loss per aim that is a choice."""
    device = aims[0].device
    total_weight = float(sum(batch.weights.sum() for batch in batches))
    total = torch.zeros((), device=device)
    for batch in batches:
        tokens, rows, columns, aimed = (
            torch.from_numpy(array).to(device, non_blocking=True).long()
            for array in (batch.tokens, batch.rows, batch.columns, batch.aims)
        )
        weights = torch.from_numpy(batch.weights).to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = network(tokens, rows, columns)
        # (aims, choices)
        likely = functional.log_softmax(logits.float(), dim=-1).gather(1, aims[0][aimed].long())
        loss = -((likely * aims[1][aimed].float()).sum(dim=1) * weights).sum() / total_weight
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return total


class _Steps(Dataset[list[Batch]]):
    """The batches of the steps from `first` on, for the library's loader; one per step for a GPU."""

    def __init__(self, lessons: Lessons, training: Training, first: int) -> None:
        self._lessons, self._seed, self._first, self._n_steps = lessons, training.seed, first, training.steps
        self._is_joined = training.device == "cuda"

    def __len__(self) -> int:
        return max(0, self._n_steps - self._first)

    def __getitem__(self, place: int) -> list[Batch]:
        step = self._first + place
        batches = self._lessons.batches(self._seed, step, step / self._n_steps)
        return [join(batches)] if self._is_joined else batches


def _ahead(lessons: Lessons, training: Training, first: int) -> Iterator[tuple[int, list[Batch]]]:
    """Yield the steps from `first` on with their batches, prepared ahead where the products are made elsewhere."""
    workers = 4 if training.device == "cuda" else 0
    loader = DataLoader(_Steps(lessons, training, first), batch_size=None, num_workers=workers)
    yield from enumerate(loader, first)


def _share_of_rate(step: int, training: Training) -> float:
    """Return the share of the learning rate at a step: a linear rise, then a cosine down to a twentieth."""
    rise = max(1, min(training.warmup_steps, training.steps // 5))
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, training.steps - rise)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


def _save(
    path: Path, network: Network, optimizers: Sequence[torch.optim.Optimizer], progress: tuple[int, float, list[Any]]
) -> None:
    """Write a checkpoint; a kill while writing leaves the one before."""
    step, seconds, curve = progress
    state = {"network": network.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
    # In memory first: of a full disk torch reports only that a position in its archive is not what it expected.
    archive = io.BytesIO()
    torch.save({**state, "step": step, "seconds": seconds, "curve": curve}, archive)
    with replacing(path) as file:
        file.write(archive.getbuffer())


def _restore(
    path: Path, network: Network, optimizers: Sequence[torch.optim.Optimizer], device: torch.device
) -> tuple[int, float, list[Any]]:
    """Load a checkpoint if there is one; return the next step, the seconds spent, and the loss so far.

    Raises:
        StoreError: it is damaged.
    """
    if not path.is_file():
        return 0, 0.0, []
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        return int(state["step"]), float(state["seconds"]), list(state["curve"])
    except (RuntimeError, UnpicklingError, EOFError, KeyError, ValueError, TypeError):
        raise StoreError(f"{path} is damaged: remove it to train from the first step again") from None

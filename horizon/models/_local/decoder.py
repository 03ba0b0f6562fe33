"""Many conversations decoded at once, each from where its own cache and the new prompt part.

Prefill packs the new tokens of several conversations into passes of bounded size; decoding packs one token of each.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from horizon.core.seeds import derive
from horizon.models._local.constrained import allowed_next, log_likelihood, only, shared_beginning
from horizon.models._local.kv_cache import PackedCache, Part, Reading

PASS_TOKENS = 512
"""New tokens of one prefill pass: large enough for the matrix units, small enough for memory."""
_WORTH_WAITING_TOKENS = 16
"""A prefix shared with a conversation of the same pass is waited for when it saves at least so many tokens."""


@dataclass(frozen=True, slots=True)
class Job:
    """One reply wanted: the whole prompt as tokens, and how to go on from it. `temperature` 0 is greedy.

    `choices`, where there are any, are the only replies that may be written; with `is_scored` the likeliest of them is
    taken whole, instead of a token after the other.
    """

    conversation: str
    prompt: list[int]
    max_tokens: int
    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    choices: tuple[tuple[int, ...], ...] = ()
    is_scored: bool = False


@dataclass(slots=True, eq=False)
class Written:
    """One reply as tokens, without the one that ended it. `reused_tokens` of the prompt came from a cache.

    `log_likelihoods` holds those of all choices, in their order, where they were scored; without what all begin with.
    """

    tokens: list[int] = field(default_factory=list)
    has_ended: bool = False
    reused_tokens: int = 0
    log_likelihoods: list[float] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Decoder:
    """A model and the conversations that it has read; `budget_bytes` bounds what these hold together.

    `is_complete` tells from a reply's tokens so far whether it can stop; asked after every token that
    `may_complete` names, so that texts are decoded rarely.
    """

    model: Any
    end_tokens: frozenset[int]
    budget_bytes: int
    is_complete: Callable[[list[int]], bool]
    may_complete: Callable[[int], bool]
    kept: "OrderedDict[str, Reading]" = field(default_factory=OrderedDict)
    bytes_a_token: int = 0

    def write(self, jobs: Sequence[Job]) -> list[Written]:
        """Return every job's reply, in order; as many at once as the budget holds, the others after them."""
        found: list[Written] = []
        waiting = list(jobs)
        with torch.inference_mode():
            while waiting:
                n_now = self._how_many(waiting)
                found += self._write_together(waiting[:n_now])
                waiting = waiting[n_now:]
                self._evict(set())
        return found

    def forget(self) -> None:
        """Free every conversation's memory."""
        self.kept.clear()

    @property
    def held_bytes(self) -> int:
        """Memory that the kept conversations hold."""
        return sum(each.bytes for each in self.kept.values())

    def _how_many(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs fit the budget together; at least one."""
        total = 0
        for number, job in enumerate(jobs):
            total += (len(job.prompt) + job.max_tokens) * self.bytes_a_token
            if total > self.budget_bytes and number:
                return number
        return len(jobs)

    def _write_together(self, jobs: Sequence[Job]) -> list[Written]:
        self._evict({job.conversation for job in jobs})
        written = [Written() for _ in jobs]
        sequences, logits = self._read(jobs, written)
        self._score(jobs, sequences, logits, written)
        going = [place for place, job in enumerate(jobs) if not job.is_scored]
        logits = logits[going]
        allowed = {
            place: allowed_next(jobs[place].choices, (), self.end_tokens) for place in going if jobs[place].choices
        }
        generators = [torch.Generator().manual_seed(derive(job.seed, "sampling") % 2**63) for job in jobs]
        while going:
            for row, place in enumerate(going):
                if place in allowed:
                    logits[row] = only(logits[row], allowed[place])
            chosen = _choose(logits, [jobs[each] for each in going], [generators[each] for each in going])
            on: list[int] = []
            for place, token in zip(going, chosen, strict=True):
                reply, job = written[place], jobs[place]
                if token in self.end_tokens:
                    reply.has_ended = True
                    continue
                reply.tokens.append(token)
                if place in allowed:
                    allowed[place] = allowed_next(job.choices, reply.tokens, self.end_tokens)
                    reply.has_ended = self.end_tokens.issuperset(allowed[place])
                else:
                    reply.has_ended = self.may_complete(token) and self.is_complete(reply.tokens)
                if reply.has_ended:
                    continue
                if len(reply.tokens) < job.max_tokens:
                    on.append(place)
            going = on
            if going:
                logits = self._forward([(sequences[each], written[each].tokens[-1:]) for each in going])
        return written

    def _score(
        self, jobs: Sequence[Job], sequences: Sequence[Reading], logits: Tensor, written: Sequence[Written]
    ) -> None:
        """Give every scored job its likeliest choice.

        What all choices begin with is read once; then a pass reads one choice of each job, and forgets it again:
        nothing is copied.
        """
        scored = [place for place, job in enumerate(jobs) if job.is_scored]
        shared = {place: shared_beginning(jobs[place].choices) for place in scored}
        before = {place: logits[place] for place in scored}
        begun = [place for place in scored if shared[place]]
        if begun:
            read = [(sequences[each], list(jobs[each].choices[0][: shared[each]])) for each in begun]
            before |= dict(zip(begun, self._forward(read), strict=True))
        for number in range(max((len(jobs[place].choices) for place in scored), default=0)):
            going = [place for place in scored if number < len(jobs[place].choices)]
            tails = {place: list(jobs[place].choices[number][shared[place] :]) for place in going}
            after = self._forward([(sequences[each], tails[each]) for each in going], every=True)
            start = 0
            for place in going:
                end = start + len(tails[place])
                found = log_likelihood(before[place], after[start:end], tails[place], self.end_tokens)
                written[place].log_likelihoods.append(found)
                sequences[place].crop(len(sequences[place].tokens) - len(tails[place]))
                start = end
        for place in scored:
            values = written[place].log_likelihoods
            written[place].tokens = list(jobs[place].choices[max(range(len(values)), key=values.__getitem__)])
            written[place].has_ended = True

    def _read(self, jobs: Sequence[Job], written: Sequence[Written]) -> tuple[list[Reading], Tensor]:
        """Bring every conversation's cache up to its prompt; return the caches and the logits after each prompt."""
        sequences: list[Reading] = []
        logits: dict[int, Tensor] = {}
        waiting: list[tuple[int, Reading, list[int]]] = []
        for place, job in enumerate(jobs):
            # A prompt that shares its beginning with one of the same pass waits until that one has been read.
            known, _ = self._longest(job)
            coming = max((_shared(job.prompt, jobs[other].prompt) for other, *_ in waiting), default=0)
            if coming >= known + _WORTH_WAITING_TOKENS:
                self._prefill(waiting, logits)
            sequence, reused = self._begin(job)
            written[place].reused_tokens = reused
            sequences.append(sequence)
            waiting.append((place, sequence, job.prompt[reused:]))
        self._prefill(waiting, logits)
        return sequences, torch.stack([logits[place] for place in range(len(jobs))])

    def _begin(self, job: Job) -> tuple[Reading, int]:
        """Return the job's cache with all it can keep, and how many tokens that are; at least one is left to read."""
        reused, source = self._longest(job)
        room = len(job.prompt) + job.max_tokens
        own = self.kept.get(job.conversation)
        if own is not None and own is source:
            own.crop(reused)
            own.reserve(room)
        else:
            own = source.fork(reused, room) if source is not None and reused else Reading(room_wanted=room)
            self.kept[job.conversation] = own
        self.kept.move_to_end(job.conversation)
        return own, reused

    def _longest(self, job: Job) -> tuple[int, Reading | None]:
        """Return the longest beginning of the prompt that some cache holds; the conversation's own where it ties."""
        best, source = 0, self.kept.get(job.conversation)
        if source is not None:
            best = _shared(job.prompt, source.tokens)
        for name, each in self.kept.items():
            if name != job.conversation and len(each.tokens) > best:
                shared = _shared(job.prompt, each.tokens)
                if shared > best:
                    best, source = shared, each
        # The last token is always read anew: its logits are what is wanted.
        return min(best, len(job.prompt) - 1), source

    def _prefill(self, waiting: list[tuple[int, Reading, list[int]]], logits: dict[int, Tensor]) -> None:
        """Read the waiting tokens in packed passes; empties the list."""
        pieces: list[tuple[int, Reading, list[int]]] = []
        filled = 0
        for place, sequence, tokens in waiting:
            start = 0
            while start < len(tokens):
                piece = tokens[start : start + PASS_TOKENS - filled]
                start += len(piece)
                pieces.append((place if start == len(tokens) else -1, sequence, piece))
                filled += len(piece)
                if filled == PASS_TOKENS:
                    self._pass(pieces, logits)
                    pieces, filled = [], 0
        self._pass(pieces, logits)
        waiting.clear()

    def _pass(self, pieces: Sequence[tuple[int, Reading, list[int]]], logits: dict[int, Tensor]) -> None:
        if pieces:
            after = self._forward([(sequence, piece) for _, sequence, piece in pieces])
            logits |= {place: after[row] for row, (place, *_) in enumerate(pieces) if place >= 0}

    def _forward(self, pieces: Sequence[tuple[Reading, list[int]]], *, every: bool = False) -> Tensor:
        """Read new tokens of several conversations in one pass; return the logits after each, (pieces, words).

        With `every`, those after every token, (tokens, words).
        """
        parts: list[Part] = []
        tokens: list[int] = []
        places: list[int] = []
        for sequence, piece in pieces:
            past = len(sequence.tokens)
            sequence.reserve(past + len(piece))
            parts.append(Part(sequence, len(tokens), len(tokens) + len(piece), past))
            tokens += piece
            places += range(past, past + len(piece))
        device = self.model.device
        found = self.model(
            input_ids=torch.tensor([tokens], device=device),
            position_ids=torch.tensor([places], device=device),
            past_key_values=PackedCache(tuple(parts)),
            use_cache=True,
            logits_to_keep=0 if every else torch.tensor([part.end - 1 for part in parts], device=device),
        )
        for sequence, piece in pieces:
            sequence.tokens += piece
        if not self.bytes_a_token and parts[0].reading.room:
            self.bytes_a_token = parts[0].reading.bytes // parts[0].reading.room
        logits: Tensor = found.logits[0].float()
        return logits

    def _evict(self, needed: set[str]) -> None:
        """Forget the conversations that were not used for longest until the rest fits; those needed stay."""
        held = self.held_bytes
        for name in list(self.kept):
            if held <= self.budget_bytes:
                return
            if name not in needed:
                held -= self.kept.pop(name).bytes


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences share at their beginning; cost by the shared length, not the whole."""
    length = min(len(one), len(other))
    low, reach = 0, 32
    # Equal so far up to `low`: look ever further ahead until something differs, then halve in on it.
    while low < length and one[low : low + reach] == other[low : low + reach]:
        low = min(length, low + reach)
        reach *= 2
    high = min(length, low + reach)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _choose(logits: Tensor, jobs: Sequence[Job], generators: Sequence[torch.Generator]) -> list[int]:
    """Return the next token of each row: the likeliest, or one drawn by the row's own generator."""
    best: list[int] = logits.argmax(dim=-1).tolist()
    for row, (job, generator) in enumerate(zip(jobs, generators, strict=True)):
        if job.temperature > 0:
            best[row] = _drawn(logits[row].cpu(), job, generator)
    return best


def _drawn(logits: Tensor, job: Job, generator: torch.Generator) -> int:
    """Draw from the softmax at the job's temperature, cut to the smallest set of tokens that holds `top_p`.

    Source: Holtzman et al. (2020), The curious case of neural text degeneration, arXiv 1904.09751.
    """
    chances, order = torch.softmax(logits.double() / job.temperature, dim=-1).sort(descending=True, stable=True)
    if job.top_p < 1:
        before = chances.cumsum(0) - chances
        chances = torch.where(before < job.top_p, chances, 0.0)
    return int(order[torch.multinomial(chances, 1, generator=generator)])

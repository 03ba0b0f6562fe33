"""Batched decoding of many conversations, each from the point where its cache and the new prompt differ.

Prefill packs the new tokens of several conversations into passes of bounded size; decoding packs one token of each.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from horizon.core.seeds import derive
from horizon.models._local.batch import MOST_PASS_TOKENS, BatchedPasses
from horizon.models._local.constrained import allowed_tokens, common_prefix_length, log_likelihood, mask_logits
from horizon.models._local.jobs import Job, WrittenReply, common_prefix, common_prompt
from horizon.models._local.kv_cache import ConversationCache, PackedCache, Part
from horizon.models._local.recall import first_difference
from horizon.models._local.sampling import choose_tokens

PASS_TOKENS = 512
"""The new tokens of one prefill pass: enough for the matrix units, few enough for memory."""
_WORTH_WAITING_TOKENS = 16
"""The least number of tokens for which a job waits until another of the same pass has read their common prefix."""


@dataclass(slots=True, eq=False)
class Decoder:
    """A model and the caches of its conversations; `budget_bytes` bounds their total memory.

    `is_complete` returns whether a reply can stop after its tokens so far; called only after tokens for which
    `may_complete` is true, so that text is rarely decoded. With `batched` (for a GPU), short passes over the same
    conversations read rows of one block.
    """

    model: Any
    end_tokens: frozenset[int]
    budget_bytes: int
    is_complete: Callable[[list[int]], bool]
    may_complete: Callable[[int], bool]
    kept: "OrderedDict[str, ConversationCache]" = field(default_factory=OrderedDict)
    bytes_a_token: int = 0
    batched: BatchedPasses | None = None

    def write(self, jobs: Sequence[Job]) -> list[WrittenReply]:
        """Return every job's reply, in order; decodes as many at once as fit the budget."""
        replies: list[WrittenReply] = []
        waiting = list(jobs)
        with torch.inference_mode():
            while waiting:
                n_now = self._how_many(waiting)
                replies += self._write_together(waiting[:n_now])
                waiting = waiting[n_now:]
                for name in [name for name, cache in self.kept.items() if cache.exact_tokens is not None]:
                    del self.kept[name]
                self._evict(set())
        return replies

    def forget(self) -> None:
        """Free the memory of all conversations."""
        self.kept.clear()
        if self.batched is not None:
            self.batched.forget()

    @property
    def held_bytes(self) -> int:
        """The memory of the cached conversations, in bytes."""
        return sum(cache.bytes for cache in self.kept.values())

    def _how_many(self, jobs: Sequence[Job]) -> int:
        """Return the number of jobs that fit the budget together; at least one."""
        total = longest = 0
        for number, job in enumerate(jobs):
            length = len(job.prompt) + job.max_tokens
            longest = max(longest, length)
            # Rows of one block are all as long as the longest.
            total = longest * (number + 1) if self.batched else total + length
            if total * self.bytes_a_token > self.budget_bytes and number:
                return number
        return len(jobs)

    def _write_together(self, jobs: Sequence[Job]) -> list[WrittenReply]:
        self._evict({job.conversation for job in jobs})
        written = [WrittenReply() for _ in jobs]
        sequences, logits = self._read(jobs, written)
        self._score(jobs, sequences, logits, written)
        going = [place for place, job in enumerate(jobs) if not job.is_scored]
        logits = logits[going]
        allowed = {
            place: allowed_tokens(jobs[place].choices, (), self.end_tokens) for place in going if jobs[place].choices
        }
        generators = [torch.Generator().manual_seed(derive(job.seed, "sampling") % 2**63) for job in jobs]
        while going:
            for row, place in enumerate(going):
                if place in allowed:
                    logits[row] = mask_logits(logits[row], allowed[place])
            chosen = choose_tokens(logits, [jobs[place] for place in going], [generators[place] for place in going])
            on: list[int] = []
            for place, token in zip(going, chosen, strict=True):
                reply, job = written[place], jobs[place]
                if token in self.end_tokens:
                    reply.has_ended = True
                    continue
                reply.tokens.append(token)
                if place in allowed:
                    allowed[place] = allowed_tokens(job.choices, reply.tokens, self.end_tokens)
                    reply.has_ended = self.end_tokens.issuperset(allowed[place])
                else:
                    reply.has_ended = self.may_complete(token) and self.is_complete(reply.tokens)
                if reply.has_ended:
                    continue
                if len(reply.tokens) < job.max_tokens:
                    on.append(place)
            going = on
            if going:
                logits = self._forward([(sequences[place], written[place].tokens[-1:]) for place in going])
        return written

    def _score(
        self,
        jobs: Sequence[Job],
        sequences: Sequence[ConversationCache],
        logits: Tensor,
        written: Sequence[WrittenReply],
    ) -> None:
        """Set the reply of every scored job to its likeliest choice.

        The common prefix of the choices is read once; then each pass reads one choice of each job and crops the cache
        again, so that nothing is copied.
        """
        scored = [place for place, job in enumerate(jobs) if job.is_scored]
        # A single choice is read whole: nothing else has its prefix.
        shared = {
            place: common_prefix_length(jobs[place].choices) if len(jobs[place].choices) > 1 else 0 for place in scored
        }
        before = {place: logits[place] for place in scored}
        begun = [place for place in scored if shared[place]]
        if begun:
            read = [(sequences[place], list(jobs[place].choices[0][: shared[place]])) for place in begun]
            before |= dict(zip(begun, self._forward(read), strict=True))
        for number in range(max((len(jobs[place].choices) for place in scored), default=0)):
            going = [place for place in scored if number < len(jobs[place].choices)]
            tails = {place: list(jobs[place].choices[number][shared[place] :]) for place in going}
            after = self._forward([(sequences[place], tails[place]) for place in going], every=True)
            start = 0
            for place in going:
                end = start + len(tails[place])
                likelihood = log_likelihood(before[place], after[start:end], tails[place], self.end_tokens)
                written[place].log_likelihoods.append(likelihood)
                sequences[place].crop(len(sequences[place].tokens) - len(tails[place]))
                start = end
        for place in scored:
            values = written[place].log_likelihoods
            written[place].tokens = list(jobs[place].choices[max(range(len(values)), key=values.__getitem__)])
            written[place].has_ended = True

    def _read(self, jobs: Sequence[Job], written: Sequence[WrittenReply]) -> tuple[list[ConversationCache], Tensor]:
        """Extend every conversation's cache to its prompt; return the caches and the logits after each prompt."""
        sequences: list[ConversationCache] = []
        logits: dict[int, Tensor] = {}
        waiting: list[tuple[int, ConversationCache, list[int]]] = []
        for place, job in enumerate(jobs):
            # A prompt that shares a prefix with one of the same pass waits until that one has been read.
            known, _ = self._longest(job)
            coming = max((common_prompt(job, jobs[other]) for other, *_ in waiting), default=0)
            if coming >= known + _WORTH_WAITING_TOKENS:
                self._prefill(waiting, logits)
            sequence, reused = self._begin(job)
            written[place].reused_tokens = reused
            sequences.append(sequence)
            rounding = job.recall.rounding
            waiting.append((place, sequence, job.prompt[reused : rounding.end if rounding else None]))
        self._prefill(waiting, logits)
        for place, (job, sequence) in enumerate(zip(jobs, sequences, strict=True)):
            rounding = job.recall.rounding
            if rounding is not None:
                sequence.round(rounding)
                waiting.append((place, sequence, job.prompt[rounding.end :]))
        self._prefill(waiting, logits)
        return sequences, torch.stack([logits[place] for place in range(len(jobs))])

    def _begin(self, job: Job) -> tuple[ConversationCache, int]:
        """Return the job's cache and the number of its reused tokens; at least one token remains to be read."""
        reused, source = self._longest(job)
        room = len(job.prompt) + job.max_tokens
        own = self.kept.get(job.conversation)
        if own is not None and own is source:
            own.crop(reused)
            own.reserve(room)
        else:
            own = source.fork(reused, room) if source is not None and reused else ConversationCache(room_wanted=room)
            self.kept[job.conversation] = own
        own.seals, own.exact_tokens = job.recall.seals, None
        self.kept.move_to_end(job.conversation)
        return own, reused

    def _longest(self, job: Job) -> tuple[int, ConversationCache | None]:
        """Return the length of the longest cached prefix of the prompt and its cache (its own on ties)."""
        best, source = 0, self.kept.get(job.conversation)
        if source is not None:
            best = _reusable(job, source)
        for name, cache in self.kept.items():
            if name != job.conversation and len(cache.tokens) > best:
                shared = _reusable(job, cache)
                if shared > best:
                    best, source = shared, cache
        # The last token is always read again, for its logits, and what follows rounded tokens because of them.
        rounding = job.recall.rounding
        return min(best, rounding.end if rounding is not None else len(job.prompt) - 1), source

    def _prefill(self, waiting: list[tuple[int, ConversationCache, list[int]]], logits: dict[int, Tensor]) -> None:
        """Read the waiting tokens in packed passes, and empty the list."""
        most = MOST_PASS_TOKENS if self.batched is not None else PASS_TOKENS
        pieces: list[tuple[int, ConversationCache, list[int]]] = []
        filled = 0
        for place, sequence, tokens in waiting:
            start = 0
            while start < len(tokens):
                piece = tokens[start : start + most - filled]
                start += len(piece)
                pieces.append((place if start == len(tokens) else -1, sequence, piece))
                filled += len(piece)
                if filled == most:
                    self._pass(pieces, logits)
                    pieces, filled = [], 0
        self._pass(pieces, logits)
        waiting.clear()

    def _pass(self, pieces: Sequence[tuple[int, ConversationCache, list[int]]], logits: dict[int, Tensor]) -> None:
        if pieces:
            after = self._forward([(sequence, piece) for _, sequence, piece in pieces])
            logits |= {place: after[row] for row, (place, *_) in enumerate(pieces) if place >= 0}

    def _forward(self, pieces: Sequence[tuple[ConversationCache, list[int]]], *, every: bool = False) -> Tensor:
        """Read new tokens of several conversations; return the logits after each, (pieces, words).

        With `every`, those after every token, (tokens, words).
        """
        rows = self.batched.choose_pieces(pieces) if self.batched is not None and not every else []
        if self.batched is None or not rows:
            return self._packed_pass(pieces, every=every)
        others = sorted(set(range(len(pieces))) - set(rows))
        batched = self.batched.forward([pieces[place] for place in rows])
        if not others:
            return batched
        logits = batched.new_empty((len(pieces), batched.shape[1]))
        logits[rows], logits[others] = batched, self._packed_pass([pieces[place] for place in others], every=False)
        return logits

    def _packed_pass(self, pieces: Sequence[tuple[ConversationCache, list[int]]], *, every: bool) -> Tensor:
        """Read the pieces one after the other in one pass, without padding."""
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
        output = self.model(
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
        logits: Tensor = output.logits[0].float()
        return logits

    def _evict(self, needed: set[str]) -> None:
        """Remove the least recently used conversations until the rest fits; keep the needed ones."""
        held = self.held_bytes
        for name in list(self.kept):
            if held <= self.budget_bytes:
                return
            if name not in needed:
                held -= self.kept.pop(name).bytes


def _reusable(job: Job, cache: ConversationCache) -> int:
    """Return how many of a cache's first tokens are the prompt's, have the same seals, and were never rounded."""
    length = common_prefix(job.prompt, cache.tokens)
    length = length if cache.exact_tokens is None else min(length, cache.exact_tokens)
    return first_difference(job.recall.seals, cache.seals, length)

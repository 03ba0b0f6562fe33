"""The backend `synthetic:hazard=0.05,...`: errors from a known process, to validate the statistics.

The probability of an error at turn t is the logistic of logit(hazard) + drift*(t-1) + conditioning*(errors shown)
+ difficulty*(standardised difficulty) + tokens*(tokens shown)/1000 + rounding*2**(4-bits) + reminder*(reminders shown,
each halved by every `fading` messages after it); `error_probability` is that formula. Errors in hidden replies are not
shown; a history is rounded under `kv:bits` only; a reminder is a message in which the rules are repeated.
Knows the posed state by its contract only, not the environment's text.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from horizon.core.errors import EngineFailure, ModelFailure, UsageError
from horizon.core.likelihood import Likelihood
from horizon.core.model import Capabilities, ModelOptions, Posed, Request
from horizon.core.parameters import build, parameter, settings, values
from horizon.core.records import Json, Reply
from horizon.core.seeds import derive, generator

CAPABILITIES = Capabilities(holds_weights=False, opens_cheaply=True, controls_recall=True)

UNREADABLE = "Answer: ?"
"""A reply that names no action in any environment."""

CHARACTERS_PER_TOKEN = 4
_LIMIT = 1000.0
_EXACT_BITS = 32


@dataclass(frozen=True, slots=True)
class Process:
    """An error process. Coefficients are in log-odds per unit; 0 disables a cause."""

    hazard: float = parameter(0.05, "probability of an error at turn 1; 0: never, 1: always", low=0.0, high=1.0)
    drift: float = parameter(0.0, "log-odds added by each turn after the first", low=-_LIMIT, high=_LIMIT)
    conditioning: float = parameter(0.0, "log-odds added by each error in the history shown", low=-_LIMIT, high=_LIMIT)
    difficulty: float = parameter(0.0, "log-odds per standard deviation of difficulty", low=-_LIMIT, high=_LIMIT)
    difficulty_mean: float = parameter(0.0, "difficulty that counts as 0 when standardised", low=-1e9, high=1e9)
    difficulty_sd: float = parameter(1.0, "standard deviation of difficulty, above 0", low=0.0, high=1e9)
    tokens: float = parameter(0.0, "log-odds per 1,000 tokens shown, 4 characters each", low=-_LIMIT, high=_LIMIT)
    marks: int = parameter(0, "tokens of a chat template that each message counts beside its text", low=0, high=1000)
    rounding: float = parameter(
        0.0, "log-odds added by a history rounded to 4 bits, half as much per further bit", low=-_LIMIT, high=_LIMIT
    )
    reminder: float = parameter(
        0.0, "log-odds added by the rules repeated in the present message", low=-_LIMIT, high=_LIMIT
    )
    fading: float = parameter(3.0, "messages in which the effect of a reminder halves", low=0.01, high=1e6)
    kind: str = parameter("wrong", "kind of errors", choices=("wrong", "unparsable", "no_answer"))


def error_probability(
    process: Process,
    *,
    turn: int = 1,
    prior_errors: int = 0,
    standardised_difficulty: float = 0.0,
    context_tokens: int = 0,
    bits: int | None = None,
    reminders: float = 0.0,
) -> float:
    """Return the probability of an error at a turn, in 0..1.

    With logit(p) = log(p / (1 - p)) and logistic its inverse, it is

        logistic(logit(hazard) + drift * (turn - 1) + conditioning * prior_errors
                 + difficulty * standardised_difficulty + tokens * context_tokens / 1000
                 + rounding * 2 ** (4 - bits) + reminder * reminders).

    `reminders` is the sum of 2 ** (-lag / fading) over those shown, `lag` being the messages since.
    `turn` counts from 1; `bits` None or 32 is an exact history, for which the last term is 0. Hazards of exactly 0 and
    1 have infinite logits: no coefficient changes them.
    """
    if process.hazard in (0.0, 1.0):
        return process.hazard
    log_odds = (
        math.log(process.hazard)
        - math.log1p(-process.hazard)
        + process.drift * (turn - 1)
        + process.conditioning * prior_errors
        + process.difficulty * standardised_difficulty
        + process.tokens * context_tokens / 1000
        + (process.rounding * 2.0 ** (4 - bits) if bits is not None and bits < _EXACT_BITS else 0.0)
        + process.reminder * reminders
    )
    # Two forms of the logistic, so that the exponential never overflows.
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


@dataclass(frozen=True, slots=True)
class SyntheticModel:
    """Answers correctly, except for errors that its process draws by the request's seed."""

    controls_recall: ClassVar[bool] = True

    name: str
    process: Process

    @property
    def reads_text(self) -> bool:
        """Whether the conversation is needed: to count its tokens, or to find reminders."""
        return self.process.tokens != 0 or self.process.reminder != 0

    def identity(self) -> Mapping[str, Json]:
        """Return the whole process; the same seed gives the same replies."""
        return {"backend": "synthetic", "process": values(self.process), "reproducible": True}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request; `extra["error_probability"]` of a reply is the probability that it was drawn with."""
        return [self._answer(request) for request in requests]

    def log_likelihoods(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Likelihood | ModelFailure]:
        """Return log(1 - probability of an error) for every request, whatever correct reply is asked about."""
        likelihoods: list[Likelihood | ModelFailure] = []
        for request, reply in zip(requests, replies, strict=True):
            try:
                probability = self._probability(request)
            except (ModelFailure, EngineFailure) as failure:
                likelihoods.append(ModelFailure(str(failure)))
                continue
            chance = math.log1p(-probability) if probability < 1 else -math.inf
            n_reply = -(-len(reply) // CHARACTERS_PER_TOKEN)
            likelihoods.append(Likelihood(chance, sum(self._counts(request)) + n_reply, n_reply))
        return likelihoods

    def count_tokens(self, text: str) -> int | None:
        """Return the length in tokens of 4 characters each, rounded up."""
        return -(-len(text) // CHARACTERS_PER_TOKEN)

    def close(self) -> None:
        """Free nothing, as nothing is held."""

    def _answer(self, request: Request) -> Reply | ModelFailure:
        process, posed = self.process, request.posed
        counts = self._counts(request)
        try:
            probability = self._probability(request)
            errs = derive(request.seed, "synthetic error") / 2**63 < probability
            text = _wrong(process.kind, posed, request.seed) if errs else posed.render(_correct(posed))
        except ModelFailure as failure:
            return failure
        except EngineFailure as failure:
            # The failure concerns this request only.
            return ModelFailure(f"{self.name} needs a correct action, and the judge failed: {failure}")
        return Reply(
            text,
            prompt_tokens=counts[-1] if counts else None,
            context_tokens=sum(counts) if counts else None,
            completion_tokens=self.count_tokens(text) if counts else None,
            extra={"error_probability": probability},
        )

    def _counts(self, request: Request) -> list[int]:
        """Return the tokens of each message shown."""
        marks = self.process.marks
        return [-(-len(message.content) // CHARACTERS_PER_TOKEN) + marks for message in request.messages]

    def _probability(self, request: Request) -> float:
        process = self.process
        return error_probability(
            process,
            turn=request.turn,
            prior_errors=request.prior_errors,
            standardised_difficulty=_standardise(process, request.posed) if process.difficulty else 0.0,
            context_tokens=sum(self._counts(request)),
            bits=request.recall.bits,
            reminders=self._reminders(request) if process.reminder else 0.0,
        )

    def _reminders(self, request: Request) -> float:
        """Return the reminders shown, each by how much it counts still."""
        rules, *messages = [message.content for message in request.messages if message.role != "assistant"]
        lags = [lag for lag, message in enumerate(reversed(messages)) if rules in message]
        return math.fsum(math.exp2(-lag / self.process.fading) for lag in lags)


def open_model(argument: str, options: ModelOptions) -> SyntheticModel:
    """Return the model `synthetic:KEY=VALUE,...`; options are ignored.

    Raises:
        UsageError: an unknown setting, or a value out of its range.
    """
    name = f"synthetic:{argument}" if argument else "synthetic"
    process = build(Process, settings(argument, name), "model synthetic")
    if process.difficulty_sd == 0:
        raise UsageError("model synthetic: difficulty_sd=0 is out of range: a standard deviation is above 0")
    return SyntheticModel(name, process)


def _standardise(process: Process, posed: Posed) -> float:
    difficulty = posed.difficulty()
    if difficulty is None:
        raise ModelFailure(
            f"synthetic: difficulty={process.difficulty} needs a difficulty, and {posed.environment} knows none "
            f"of state '{posed.state}': leave the setting out"
        )
    return (difficulty - process.difficulty_mean) / process.difficulty_sd


def _correct(posed: Posed) -> str:
    optimal = posed.optimal_action()
    if optimal is not None:
        return optimal
    for action in posed.actions():
        if posed.is_correct(action):
            return action
    raise ModelFailure(f"synthetic: no correct action is known in {posed.environment} state '{posed.state}'")


def _wrong(kind: str, posed: Posed, seed: int) -> str:
    """Return a reply that is judged an error: a legal wrong action if there is one."""
    if kind == "no_answer":
        return ""
    if kind == "wrong":
        actions = posed.actions()
        for action in generator(seed, "synthetic action").sample(actions, len(actions)):
            if not posed.is_correct(action):
                return posed.render(action)
    return UNREADABLE

"""What chess and its variants share of the environment contract: moves, sides, endings, and states as text.

A subclass adds starts, observations and judging. Knows no engine and no variant.
"""

from collections.abc import Mapping
from typing import ClassVar

from horizon.core.environment import Export, Mover
from horizon.core.records import Scores
from horizon.domains.chess import game as chess_game
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.game import Game
from horizon.domains.chess.pgn_export import GAMES, games_as_pgn


class ChessContract:
    """The part of the environment contract that is the same for chess by any rules."""

    __slots__ = ()

    name: ClassVar[str]
    oracle_kind: ClassVar[str] = "engine"
    has_opponent: ClassVar[bool] = True
    exports: ClassVar[Mapping[str, Export]] = {GAMES: games_as_pgn}

    def actions(self, state: Game) -> tuple[str, ...]:
        """Return the legal moves of the side to move in UCI, sorted; empty once the game is over."""
        return state.position.legal

    def oracle(self, state: Game, scores: Scores | None = None) -> str | None:
        """Return the move with the best score, or None without scores."""
        return chess_verdict.best_move(scores) if scores is not None and state.position.legal else None

    def step(self, state: Game, action: str) -> Game:
        return chess_game.play_move(state, action, self.name)

    def is_playable(self, state: Game, action: str) -> bool:
        """Return whether the move is legal: a wrong but legal move is played, too."""
        return action in state.position.legal

    def mover(self, state: Game) -> Mover:
        return "model" if state.is_models_move else "opponent"

    def done(self, state: Game) -> str | None:
        """Return `won`, `lost` or `draw` from the model's side, or None while the game is in progress."""
        return state.outcome

    def difficulty(self, state: Game) -> float | None:
        """Return the number of legal moves."""
        return float(len(state.position.legal))

    def engine_position(self, state: Game) -> str | None:
        """Return the position's text, whoever is to move; None once the game is over."""
        return state.position.text if state.position.legal else None

    def dump(self, state: Game) -> str:
        """Return the state as `FEN moves e2e4 e7e5 as white`; a variant's FEN has a prefix such as `atomic:`."""
        return chess_game.dump(state)

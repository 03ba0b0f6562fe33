"""Archived chess games as rows: each game replayed by python-chess, each reply read anew against its position.

A failure's kind comes from the reply itself, never from an archive's flag. Pure: no disk, no engine.
"""

import json
from dataclasses import dataclass, field

import chess

from horizon.archives.documents import Problem
from horizon.archives.games import ArchivedGame, Said
from horizon.archives.rows import Rows, game_seed, protocol_text
from horizon.core.records import Episode, ErrorKind, Json, Turn
from horizon.domains.chess import game_text, illegal_moves, move_mentions, move_parsing
from horizon.domains.chess.novelty import novelty_of
from horizon.domains.chess.verdict import count_men
from horizon.domains.puzzles.formats.moves import foreign_letter

_OUTCOMES = {"1/2-1/2": "draw", "*": "unfinished"}


@dataclass(slots=True)
class _Replay:
    """A game on its way: the board, the moves so far in UCI, and where the states of its rows begin.

    States begin anew where Horizon's own rule ends a game (a draw that can be claimed) and the harness played on.
    """

    game: ArchivedGame
    run_id: str
    environment: str
    board: chess.Board
    root: str
    moves: list[str] = field(default_factory=list)
    begun: int = 0

    def push(self, move: chess.Move) -> None:
        """Play a legal move; the replayed moves start anew before a repetition or the clock could end the game."""
        self.moves.append(move.uci())
        self.board.push(move)
        clock = self.board.halfmove_clock
        if clock >= 100 or (clock >= 8 and self.board.is_repetition(3)):
            board = self.board.copy(stack=False)
            board.halfmove_clock = min(clock, 99)
            self.root, self.begun = game_text.text_of(board), len(self.moves)

    def row(self, turn: int, reply: str, action: str | None, error: ErrorKind, extra: dict[str, Json]) -> Turn:
        """Return the row of a reply at the position that the game is at."""
        game = self.game
        line = game_text.GameText(self.root, tuple(self.moves[self.begun :]), game.side)
        return Turn(
            run_id=self.run_id,
            episode_id=game.name,
            environment=self.environment,
            parameters=parameters_of(game),
            seed=game_seed(game.name),
            model=game.model,
            condition=game.harness.history,
            turn=turn,
            state=game_text.join_state(line),
            prompt_tokens=None,
            context_tokens=None,
            completion_tokens=None,
            reply=reply,
            action=action,
            error=error,
            correct=error == "none",
            loss=None,
            random_loss=None,
            optimal_action=None,
            attempts=1,
            substituted=False,
            prior_errors=0,
            latency_ms=None,
            engine_ms=None,
            finish_reason="length" if error == "truncated" else "stop",
            extra=json.dumps(extra, ensure_ascii=False),
        )

    def extra(self, n_legal: int) -> dict[str, Json]:
        """Return what a row records of the position besides its text."""
        board = self.board
        novelty = round(novelty_of(board).value, 4)
        extra: dict[str, Json] = {"difficulty": float(n_legal), **count_men(board), "novelty": novelty}
        if self.begun:
            extra["begun_at_ply"] = self.begun
        return extra


def rows_of(game: ArchivedGame, run_id: str, environment: str) -> Rows | Problem:
    """Return a game's rows, or why it is left out: an unplayable move, or another end than the recorded one."""
    try:
        board = chess.Board(game.root) if game.root else chess.Board()
    except ValueError as problem:
        return Problem(game.name, f"its start is no position: {problem}")
    if not board.is_valid():
        return Problem(game.name, "its start is no possible position")
    start = game_text.text_of(board)
    replay = _Replay(game, run_id, environment, board, start)
    turns: list[Turn] = []
    for ply, text in enumerate(game.moves):
        if board.turn == (game.side == "white") and ply >= game.given:
            answer = game.replies[len(turns)] if len(turns) < len(game.replies) else None
            row = _turn(replay, answer, text, len(turns) + 1)
            if isinstance(row, Problem):
                return row
            turns.append(row)
            move: chess.Move | None = chess.Move.from_uci(row.action or "")
        else:
            move = _read(board, text)
        if move is None:
            return Problem(game.name, f"ply {ply + 1} {_fault(text, board)}")
        replay.push(move)
    is_refused = False
    if len(game.replies) > len(turns):
        if len(game.replies) > len(turns) + 1:
            return Problem(game.name, f"holds {len(game.replies)} replies for {len(turns)} moves of {game.model}")
        if board.turn != (game.side == "white") or board.is_game_over():
            return Problem(game.name, "holds a reply where the model was not to move")
        turns.append(_failure(replay, game.replies[-1], len(turns) + 1))
        is_refused = turns[-1].error == "none"
    outcome = "forfeited" if is_refused else _outcome(game, board, turns)
    if isinstance(outcome, Problem):
        return outcome
    final = game_text.join_state(game_text.GameText(start, tuple(replay.moves), game.side))
    ending = "the harness refused a legal move" if is_refused else game.ending
    return Rows(tuple(turns), _episode(replay, len(turns), outcome, ending, final))


def kind_of(answer: Said, board: chess.Board) -> ErrorKind:
    """Return what a reply is, by what it holds: a legal move (`none`), or which kind of failure.

    `truncated` is a reply that a token limit ended before its move was whole; `no_answer` names no move at all. A move
    with a piece letter of another language (`Sf3`) is `unparsable`: which piece is meant depends on the language, and
    the letters of two contradict each other (R is a rook in English and a king in French), so that none is guessed.
    """
    text = answer.move or ""
    status = move_parsing.read_move(board, text).status
    if status in ("legal", "illegal"):
        return "none" if status == "legal" else "illegal"
    if answer.is_cut:
        return "truncated"
    names_move = status == "ambiguous" or move_mentions.find_last_move(board, text).status != "unparsable"
    return "unparsable" if names_move or foreign_letter(text) is not None else "no_answer"


def _turn(replay: _Replay, answer: Said | None, text: str, turn: int) -> Turn | Problem:
    """Return the row of a move that was played, checked to be what the reply means."""
    board, game = replay.board, replay.game
    move = _read(board, text)
    if move is None:
        return Problem(game.name, f"move {turn} of {game.model} {_fault(text, board)}")
    extra = replay.extra(board.legal_moves.count())
    if answer is not None and answer.move != text:
        meant = move_parsing.read_move(board, answer.move or "")
        if answer.is_cut and move.promotion == chess.QUEEN and text.startswith(answer.move or "?"):
            extra["completed_by_harness"] = True
        elif meant.move != move.uci():
            return Problem(game.name, f"turn {turn} was recorded as {text:.20}, and its reply is '{answer.text:.40}'")
    return replay.row(turn, answer.text if answer else text, move.uci(), "none", extra)


def _failure(replay: _Replay, answer: Said, turn: int) -> Turn:
    """Return the row of the reply that ended the game."""
    board = replay.board
    kind = kind_of(answer, board)
    legal = list(board.legal_moves)
    extra = replay.extra(len(legal))
    action = answer.move if kind == "illegal" else None
    if kind == "none":
        action = move_parsing.read_move(board, answer.move or "", legal).move
    elif kind in ("illegal", "unparsable"):
        why = illegal_moves.illegality_of(board, answer.move or "", _boards_before(board))
        extra |= why.as_extra() if why is not None else {}
    return replay.row(turn, answer.text, action, kind, extra)


def _boards_before(board: chess.Board) -> list[chess.Board]:
    """Return the positions before this one, the first one first."""
    back = board.copy()
    boards: list[chess.Board] = []
    while back.move_stack:
        back.pop()
        boards.append(back.copy(stack=False))
    return boards[::-1]


def _read(board: chess.Board, text: str) -> chess.Move | None:
    """Return the move that is written in SAN or UCI, or None where it is not legal."""
    for read in (board.parse_san, board.parse_uci):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _fault(text: str, board: chess.Board) -> str:
    """Return why the text of a played move can't be played."""
    if foreign_letter(text) is not None:
        return f"'{text:.20}' has a piece letter that is not English: save the game with K Q R B N or figurines"
    return f"'{text:.20}' is not legal in {board.fen()}"


def _outcome(game: ArchivedGame, board: chess.Board, turns: list[Turn]) -> str | Problem:
    """Return how the game ended, checked against what python-chess makes of its last position."""
    end = board.outcome()
    replayed = end.result() if end is not None else None
    if end is not None and game.result not in (None, "*", replayed) and game.outcome != "aborted":
        how = end.termination.name.lower().replace("_", " ")
        return Problem(game.name, f"was recorded as {game.result}, and its moves end in {replayed} by {how}")
    if game.outcome is not None:
        return game.outcome
    if turns and turns[-1].error != "none":
        return "error"
    result = replayed or game.result or "*"
    if replayed is None and result in ("1-0", "0-1"):
        return Problem(game.name, f"was recorded as {result}, and its moves do not end the game")
    if replayed is None and result == "1/2-1/2" and not board.can_claim_draw():
        return Problem(game.name, "was recorded as a draw, and none can be claimed in its last position")
    won = "1-0" if game.side == "white" else "0-1"
    return _OUTCOMES.get(result) or ("won" if result == won else "lost")


def parameters_of(game: ArchivedGame) -> str:
    """Return what distinguishes groups: the opponent and the protocol, so that different ones are never pooled."""
    return protocol_text(game.harness, game.opponent)


def _episode(replay: _Replay, turns: int, outcome: str, ending: str | None, final: str) -> Episode:
    game = replay.game
    facts: dict[str, Json] = {"final_state": final, "given_plies": game.given, **game.facts}
    if ending:
        facts["ending"] = ending
    return Episode(
        run_id=replay.run_id,
        episode_id=game.name,
        environment=replay.environment,
        parameters=parameters_of(game),
        seed=game_seed(game.name),
        model=game.model,
        opponent=game.opponent,
        turns=turns,
        outcome=outcome,
        failure=ending if outcome in ("forfeited", "aborted") else None,
        extra=json.dumps(facts, ensure_ascii=False),
    )

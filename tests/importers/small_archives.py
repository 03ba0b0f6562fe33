"""Small archives of each format, written from scratch: no game of anybody's is copied."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

FOLDER = "game00000000-0000-4000-8000-00000000000"
META = """model_gpt: tiny-chess
skill_level: 3
random_engine: False
white_piece: {white}
engine_depth: 15
engine_time: None
base_pgn: Let's play.
It is your move.
nmove: 1
engine_parameters: {{'Skill Level': 3}}
temperature: 0.5
max_tokens: {limit}
chat_gpt: {chat}
system_role_message: {system}
"""
TAGS = "Put your move into <played_move> tags."


def session(replies: list[str]) -> str:
    return "".join(f"PROMPT: so far {place}\nRESPONSE: {reply}\n\n" for place, reply in enumerate(replies))


def gptchess_files(
    number: int,
    moves: str,
    replies: list[str],
    result: str = "*",
    unknown: str | None = None,
    white: bool = True,
    limit: int = 4000,
    tagged: bool = True,
) -> dict[str, bytes]:
    header = f'[White "tiny-chess"]\n[Black "Stockfish"]\n[Result "{result}"]\n'
    header += f'[UnknownSAN "{unknown}"]\n' if unknown else ""
    meta = META.format(white=white, limit=limit, chat=tagged, system=TAGS if tagged else "None")
    files = {
        "game.pgn": f"{header}\n{moves} {result}\n",
        "metainformation.txt": meta,
        "session.txt": session(replies),
        "log.txt": "noise",
        "annotated_game.pgn": f"{header}\n1. a3 *\n",
    }
    return {f"games/{FOLDER}{number}/{name}": text.encode() for name, text in files.items()}


def tag(move: str) -> str:
    return f"I think.\n<played_move>{move}</played_move>"


def write_tar(path: Path, files: dict[str, bytes], extra: list[tarfile.TarInfo] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in extra or ():
            archive.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


CSV_COLUMNS = (
    "game_id,transcript,result,player_one,player_two,player_one_score,player_two_score,player_one_illegal_moves,"
    "player_two_illegal_moves,player_one_resignation,player_two_resignation,player_one_failed_to_find_legal_move,"
    "player_two_failed_to_find_legal_move,game_title,number_of_moves,time_taken"
)


def csv_line(
    name: str,
    moves: str,
    result: str,
    one: str,
    two: str,
    illegal: int = 0,
    failed: tuple[bool, bool] = (False, False),
) -> str:
    transcript = f'[Event ""A""]\n[Variant ""Standard\']\n{moves}'
    return f'{name},"{transcript}",{result},{one},{two},0,1,{illegal},0,False,False,{failed[0]},{failed[1]},t,4,1.0'


def llm_chess_game(pgn: str, reason: str, **more: object) -> bytes:
    game = {
        "player_white": {"name": "Random_Player", "model": "N/A"},
        "player_black": {"name": "Player_Black", "model": "tiny-4b"},
        "number_of_moves": 4,
        "reason": reason,
        "pgn": pgn,
        "wrong_moves": 2,
        "wrong_actions": 1,
    }
    return json.dumps({**game, **more}).encode()


def inspect_log(path: Path, samples: list[dict[str, object]], header: bool = True) -> Path:
    files: dict[str, bytes] = {}
    if header:
        plan = {"plan": {"config": {"temperature": 0.3}}, "eval": {"task": "arithmetic", "model": "openai/tiny"}}
        files["header.json"] = json.dumps(plan).encode()
    for sample in samples:
        files[f"samples/{sample['id']}_epoch_1.json"] = json.dumps({"epoch": 1, **sample}).encode()
    return write_zip(path, files)

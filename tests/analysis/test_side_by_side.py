"""Claims about comparing imported runs: never pooled, never paired by chance, every difference of protocol named."""

from pathlib import Path

import pytest
from importers.small_archives import CSV_COLUMNS, csv_line, gptchess_files, tag, write_tar

from horizon.analysis.compare import keeps
from horizon.analysis.compare_runs import compare
from horizon.archives.import_run import ImportOptions, import_games

MATE = "1. f3 e5 2. g4 Qh4#"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return four games of gptchess, each ended by an illegal reply, and four of chess_gpt_eval without one."""
    folder = tmp_path_factory.mktemp("archives")
    files: dict[str, bytes] = {}
    for number in range(1, 5):
        files |= gptchess_files(number, "1. e4 e5", [tag("1. e4"), tag("2. Nd5")], unknown="Nd5")
    lines = [csv_line(str(place), MATE.replace(" 2", "\n2"), "0-1", "tiny-chess", "Stockfish 3") for place in range(4)]
    (folder / "games.csv").write_text("\n".join([CSV_COLUMNS, *lines]))
    import_games(ImportOptions((write_tar(folder / "g.tar.gz", files),)), folder / "one")
    import_games(ImportOptions((folder / "games.csv",)), folder / "other")
    return folder / "one", folder / "other"


def test_unlike_protocols_are_side_by_side_with_every_point_in_which_they_differ(runs: tuple[Path, Path]) -> None:
    found = compare(*runs)
    assert not found.lines
    rates = {(each.side, each.model): each for each in found.side_by_side if each.figure == "error rate"}
    assert [(side, each.estimate, each.n_turns) for (side, _), each in rates.items()] == [
        ("BASE", 0.5, 8),
        ("NEW", 0.0, 8),
    ]
    notes = "\n".join(found.notes)
    for point in (
        "attempts: 1 -> 5",
        "temperature: 0.5 -> not recorded",
        "after_failure: the game ends -> the game is",
    ):
        assert f"the protocols differ in {point}" in notes
    assert "board" not in notes  # none in both


def test_what_has_no_pairs_never_passes_a_gate_that_asks_for_proof(runs: tuple[Path, Path]) -> None:
    assert not keeps(compare(*runs).lines, "unproven")


def test_the_same_archive_imported_twice_is_paired_game_by_game(runs: tuple[Path, Path]) -> None:
    found = compare(runs[0], runs[0])
    rate = next(line for line in found.lines if line.figure == "error rate")
    assert (rate.base, rate.new, rate.difference, rate.n_pairs) == (0.5, 0.5, 0.0, 4)
    assert not found.side_by_side

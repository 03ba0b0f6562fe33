"""Claims about the bootstrap: whole episodes are drawn, and the matrix product equals drawing rows by hand."""

import numpy as np

from horizon.analysis.stats.bootstrap import draw_counts, resampled_sums


def test_every_replicate_draws_as_many_episodes_as_there_are() -> None:
    counts = np.concatenate(list(draw_counts(7, 300)))
    assert counts.shape == (300, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    one, same, other = (np.concatenate(list(draw_counts(9, 50, seed))) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_resampled_sums_are_the_sums_over_the_drawn_episodes() -> None:
    sums = np.random.default_rng(0).random((6, 3))
    counts = np.concatenate(list(draw_counts(6, 20)))
    by_hand = [np.repeat(sums, row.astype(int), axis=0).sum(axis=0) for row in counts]
    assert np.allclose(resampled_sums(sums, 20), by_hand)


def test_the_spread_of_resampled_means_is_the_standard_error() -> None:
    values = np.random.default_rng(1).standard_normal((200, 1))
    means = resampled_sums(values, 4000) / 200
    assert abs(means.std() / (values.std() / np.sqrt(200)) - 1) < 0.05

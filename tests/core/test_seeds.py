"""Claims about seeds: equal paths agree, unequal ones share nothing."""

from hypothesis import given
from hypothesis import strategies as st

from horizon.core.seeds import derive, generator

labels = st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4)


def test_a_seed_is_the_same_on_every_machine() -> None:
    # Figured with hashlib alone: blake2b of "0|s11:environment|s5:chess|i1:3", 8 bytes, big-endian, top bit dropped.
    import hashlib

    digest = hashlib.blake2b(b"0|s11:environment|s5:chess|i1:3", digest_size=8).digest()
    assert derive(0, "environment", "chess", 3) == int.from_bytes(digest, "big") >> 1


@given(labels, labels)
def test_different_paths_give_different_seeds(one: list[str | int], other: list[str | int]) -> None:
    same = [(type(x), x) for x in one] == [(type(x), x) for x in other]
    assert (derive(7, *one) == derive(7, *other)) == same


def test_neighbouring_seeds_share_no_draws() -> None:
    draws = [generator(seed, "a").random() for seed in range(1000)]
    assert len(set(draws)) == 1000


def test_labels_that_join_alike_are_told_apart() -> None:
    assert derive(0, "ab", "c") != derive(0, "a", "bc")
    assert derive(0, 1) != derive(0, "1")

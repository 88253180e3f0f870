"""Chunks: every byte of an offer is in exactly one, in order, at both ends alike."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.files.grid import Grid, Piece

SIZES = st.lists(st.integers(0, 40) | st.sampled_from([0, 9, 10, 11, 20, 100]), max_size=40)


@given(SIZES)
def test_chunks_are_a_partition_of_all_bytes_in_order(sizes: list[int]) -> None:
    grid = Grid(sizes, 10)
    covered = {entry: 0 for entry, size in enumerate(sizes) if size}
    entries = []
    for index in range(grid.chunks):
        at = 0
        for piece in grid.pieces(index):
            assert piece.size > 0
            assert piece.at == at
            assert piece.offset == covered[piece.entry]
            covered[piece.entry] += piece.size
            at += piece.size
            entries.append(piece.entry)
        assert at == grid.length(index) <= 10
    assert covered == {entry: size for entry, size in enumerate(sizes) if size}
    assert all(one <= other for one, other in pairwise(entries))


@given(SIZES)
def test_a_pack_goes_over_no_large_file_and_holds_what_fits(sizes: list[int]) -> None:
    grid = Grid(sizes, 10)
    packs = [grid.pieces(index) for index in range(grid.chunks)]
    for pack in packs:
        assert len(pack) == 1 or all(sizes[piece.entry] < 10 for piece in pack)
    for pack, following in pairwise(packs):
        small = sizes[pack[0].entry] < 10 and sizes[following[0].entry] < 10
        assert not small or sum(piece.size for piece in pack) + following[0].size > 10


@given(SIZES)
def test_a_span_is_where_an_entry_has_bytes(sizes: list[int]) -> None:
    grid = Grid(sizes, 10)
    where: dict[int, set[int]] = {entry: set() for entry in range(len(sizes))}
    for index in range(grid.chunks):
        for piece in grid.pieces(index):
            where[piece.entry].add(index)
    assert {entry: set(grid.span(entry)) for entry in where} == where
    assert {entry: set(chunks) for entry, chunks in grid.files()} == {e: c for e, c in where.items() if c}


@given(SIZES, st.data())
def test_bytes_of_a_range_are_those_of_its_chunks(sizes: list[int], data: st.DataObject) -> None:
    grid = Grid(sizes, 10)
    first = data.draw(st.integers(0, max(grid.chunks - 1, 0)))
    count = data.draw(st.integers(0, grid.chunks - first))
    assert grid.bytes_of(first, count) == sum(grid.length(index) for index in range(first, first + count))


@given(st.integers(0, 100))
def test_a_file_alone_has_its_own_chunks(size: int) -> None:
    grid = Grid([size], 10, alone=True)
    assert grid.chunks == -(-size // 10)
    assert sum(grid.length(index) for index in range(grid.chunks)) == size


def test_a_file_of_exabytes_costs_nothing() -> None:
    grid = Grid([5, 2**60, 5], 64 * 1024)
    assert grid.chunks == 2**44 + 2
    assert grid.pieces(2**43) == [Piece(1, (2**43 - 1) * 65_536, 65_536, 0)]
    assert grid.pieces(2**44 + 1) == [Piece(2, 0, 5, 0)]
    assert grid.bytes_of(0, grid.chunks) == 2**60 + 10


@pytest.mark.parametrize("index", [-1, 2, 10**9])
def test_there_is_no_other_chunk(index: int) -> None:
    grid = Grid([15], 10)
    with pytest.raises(IndexError):
        grid.length(index)
    with pytest.raises(IndexError):
        grid.pieces(index)

"""Counting what runs of masks have in common: distinct combinations of values, and their pixels."""

from collections.abc import Sequence

import numpy as np

BITS_FOR_MOST_AMOUNTS = 6
"""Runs of 64 pixels and more are few."""


def starts_of_equal(values: np.ndarray) -> np.ndarray:
    """Return where neighbours that are equal begin, as indices, ascending."""
    new = np.empty(values.size, bool)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)


def distinct(
    values: Sequence[np.ndarray], amounts: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the distinct combinations of some values, and the sum of the amounts of each.

    Args:
        values: R integers each.
        amounts: R int64, at least 1.

    Returns:
        The D combinations, ascending: D integers for each of `values`; and their D sums, int64.
    """
    if not amounts.size:
        return list(values), amounts
    lowest = [int(value.min()) for value in values]
    bits = [(int(v.max()) - low).bit_length() for v, low in zip(values, lowest, strict=True)]
    # Half a word is sorted in half the time.
    narrow = sum(bits) + BITS_FOR_MOST_AMOUNTS <= 32
    word, size = (np.uint32, 32) if narrow else (np.int64, 63)
    free = size - sum(bits)
    if free < BITS_FOR_MOST_AMOUNTS:
        return _distinct_of_any_range(values, amounts)
    first, *others = (_above(v, low, word) for v, low in zip(values, lowest, strict=True))
    keys = first
    for other, width in zip(others, bits[1:], strict=True):
        keys <<= width
        keys |= other
    # Few keys are counted, many are sorted.
    if 1 << sum(bits) <= 4 * amounts.size:
        sums = pixels_by(keys, amounts, 0)
        keys = np.flatnonzero(sums != 0)
        sums = sums[keys]
    else:
        keys, sums = _sorted_sums(keys, amounts, free)
    combinations = []
    for low, width in zip(reversed(lowest), reversed(bits), strict=True):
        combinations.append((keys & ((1 << width) - 1)) + low)
        keys = keys >> width
    return combinations[::-1], sums


def _above(values: np.ndarray, low: int, word: type[np.integer]) -> np.ndarray:
    """Return how much values are above the lowest of them, as new numbers of type `word`."""
    above = values.astype(word)
    if low:
        above -= np.array(low).astype(word)
    return above


def _sorted_sums(keys: np.ndarray, amounts: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct keys, ascending, and the sums of their amounts, int64 both.

    Of the word of a key, `bits` bits are free for amounts.
    """
    # Sorting numbers is many times as fast as sorting indices, so the amount rides on its key.
    most = (1 << bits) - 1
    packed = amounts.astype(keys.dtype)
    packed &= most
    packed |= keys << bits
    packed.sort()
    # There are fewer amounts than possible keys, so that all low bits together fit into a word too.
    total = packed & most
    np.cumsum(total, out=total)
    packed >>= bits
    is_last = np.empty(packed.size, bool)
    np.not_equal(packed[1:], packed[:-1], out=is_last[:-1])
    is_last[-1:] = True
    last = np.flatnonzero(is_last)
    found = packed.take(last)
    sums = total.take(last).astype(np.int64)
    sums[1:] -= sums[:-1].copy()
    large = np.flatnonzero(amounts > most)
    if large.size:
        np.add.at(sums, np.searchsorted(found, keys[large]), amounts[large] & ~most)
    return found.astype(np.int64), sums


def _distinct_of_any_range(
    values: Sequence[np.ndarray], amounts: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Do the work of `distinct` for values that do not fit into one number."""
    order = np.lexsort(values[::-1])
    ordered = [value[order] for value in values]
    first = np.unique(np.concatenate([starts_of_equal(value) for value in ordered]))
    return [value[first] for value in ordered], np.add.reduceat(amounts[order], first)


def pixels_by(values: np.ndarray, pixels: np.ndarray, bins: int) -> np.ndarray:
    """Count pixels by a value of theirs.

    Args:
        values: N integers in 0..bins-1.
        pixels: N whole numbers, the pixels that have each of the values.
        bins: how many values there are.

    Returns:
        `bins` int64.
    """
    # Its weights are float64, exact for whole numbers below 2⁵³.
    return np.bincount(values, weights=pixels, minlength=bins).astype(np.int64)

"""95 % intervals for the figures of a report, by a bootstrap over clusters of examples.

Benchmarks repeat themselves: Spider dev asks most questions in two phrasings of one gold query, and a model that
gets one right gets the other right. Examples are therefore not independent, and resampling them one by one makes
intervals too narrow. Here whole clusters, all examples of one database and one normalised gold query, are drawn with
replacement (the cluster bootstrap; Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).

Where the bootstrap has nothing to say, Wilson's score interval (Wilson 1927, JASA 22) stands in, with the number of
clusters as sample size: below `MIN_CLUSTERS` clusters, and where every resample gives the same figure, as at 0 % and
100 %, since a bootstrap would then claim certainty. `Estimate.interval` says which of the two it was.

Not covered: differences between runs of training (seeds); an interval here is about the choice of questions only.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
Z = 1.959963984540054  # standard normal quantile at 0.975
MIN_CLUSTERS = 10
MAX_CELLS = 2_000_000  # numbers in memory at once: 16 MB


class Estimate(NamedTuple):
    """A figure with its 95 % interval; `n` counts examples. All None but `n` = 0 when nothing was scored."""

    value: float | None
    n: int
    low: float | None
    high: float | None
    interval: str | None  # "bootstrap", "wilson" or None


class Resampling(NamedTuple):
    """How often to resample, and from which seed; the same pair gives the same interval."""

    seed: int = 0
    resamples: int = 1000


NOTHING = Estimate(None, 0, None, None, None)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval for a share of `n` trials; both ends within 0..1, never a point."""
    middle = share + Z * Z / (2 * n)
    spread = Z * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    # A share of exactly 0 or 1 leaves a rounding error where the end is 0 or 1 by definition.
    low = 0.0 if share <= 0 else (middle - spread) / scale
    high = 1.0 if share >= 1 else (middle + spread) / scale
    return float(low), float(high)


def weight_blocks(clusters: int, resampling: Resampling, width: int) -> Iterator[np.ndarray]:
    """How often each cluster is drawn: int arrays (some resamples, clusters), every row adding up to `clusters`.

    A block has so few resamples that a table of them by `width` stays below `MAX_CELLS`; blocks change no draw.
    """
    generator, shares = np.random.default_rng(resampling.seed), np.full(clusters, 1 / clusters)
    rows = max(1, MAX_CELLS // width)
    for begun in range(0, resampling.resamples, rows):
        yield generator.multinomial(clusters, shares, size=min(rows, resampling.resamples - begun))


def resampled_totals(table: np.ndarray, clusters: Sequence[Hashable], resampling: Resampling) -> np.ndarray:
    """Column totals of `table` (examples, columns) in every resample: float array (resamples, columns)."""
    index, count = _numbered(clusters)
    sums = np.zeros((count, table.shape[1]))
    np.add.at(sums, index, table)
    return np.concatenate([weights @ sums for weights in weight_blocks(count, resampling, count)])


def mean_estimate(
    values: Sequence[float], clusters: Sequence[Hashable], *, resampling: Resampling, ceiling: float = 1.0
) -> Estimate:
    """The mean of one value per example. `ceiling` is the largest value there can be, for Wilson's formula."""
    if not values:
        return NOTHING
    table = np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])
    return ratio_estimate(table, clusters, lambda totals: totals[:, 0] / totals[:, 1], resampling, ceiling=ceiling)


def ratio_estimate(
    table: np.ndarray,
    clusters: Sequence[Hashable],
    figure: Callable[[np.ndarray], np.ndarray],
    resampling: Resampling,
    *,
    ceiling: float = 1.0,
) -> Estimate:
    """A figure computed from column totals, such as BLEU from n-gram counts.

    `table` is (examples, columns); `figure` turns totals (m, columns) into m figures between 0 and `ceiling`.
    """
    value = float(figure(table.sum(axis=0, keepdims=True))[0])
    count = len(set(clusters))
    if count >= MIN_CLUSTERS:
        low, high = np.quantile(figure(resampled_totals(table, clusters, resampling)), _TAILS)
        if not _is_point(low, high):
            return Estimate(value, len(table), float(low), float(high), "bootstrap")
    low, high = wilson(min(max(value / ceiling, 0.0), 1.0), count)
    return Estimate(value, len(table), low * ceiling, high * ceiling, "wilson")


def median_estimate(values: Sequence[float], clusters: Sequence[Hashable], *, resampling: Resampling) -> Estimate:
    """The (lower) median of one value per example; no interval below `MIN_CLUSTERS` clusters."""
    if not values:
        return NOTHING
    order = np.argsort(values, kind="stable")
    ranked = np.asarray(values, dtype=float)[order]
    value = float(ranked[(len(ranked) - 1) // 2])
    index, count = _numbered(clusters)
    if count < MIN_CLUSTERS:
        return Estimate(value, len(ranked), None, None, None)
    medians = []
    for weights in weight_blocks(count, resampling, len(ranked)):
        reached = np.cumsum(weights[:, index[order]], axis=1)
        medians.append(ranked[np.argmax(reached * 2 >= reached[:, -1:], axis=1)])
    low, high = np.quantile(np.concatenate(medians), _TAILS)
    return Estimate(value, len(ranked), float(low), float(high), "bootstrap")


def difference_interval(
    differences: Sequence[float], clusters: Sequence[Hashable], *, resampling: Resampling
) -> tuple[float, float]:
    """95 % interval for the mean of paired differences, each from -1 (lost) to 1 (gained); fractions are allowed.

    Where the bootstrap cannot speak (see the module), the difference of the two Wilson intervals of gained and lost
    shares, least minus greatest: wider than 95 % needs, and never a point.
    """
    values = np.asarray(differences, dtype=float)
    count = len(set(clusters))
    if count >= MIN_CLUSTERS:
        totals = resampled_totals(np.column_stack([values, np.ones(len(values))]), clusters, resampling)
        low, high = np.quantile(totals[:, 0] / totals[:, 1], _TAILS)
        if not _is_point(low, high):
            return float(low), float(high)
    gained, lost = (wilson(float(np.mean(np.clip(sign * values, 0, 1))), count) for sign in (1, -1))
    return gained[0] - lost[1], gained[1] - lost[0]


def _is_point(low: float, high: float) -> bool:
    """Whether every resample gave the same figure: sums of equal values differ by how they round."""
    return bool(np.isclose(low, high, rtol=1e-9, atol=0.0))


_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def _numbered(clusters: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """Clusters as numbers 0..k-1 in order of first appearance, and k."""
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    return np.fromiter((numbers[cluster] for cluster in clusters), dtype=np.intp, count=len(clusters)), len(numbers)

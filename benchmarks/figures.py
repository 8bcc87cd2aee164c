"""Samples, what is asked of them, and how both are printed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Bound = Literal["<=", ">="]


@dataclass(frozen=True)
class Spread:
    """How a number of measurements lie; all in the row's unit."""

    median: float
    p95: float
    p99: float
    samples: int


@dataclass(frozen=True)
class Figure:
    """One number with its limits: what must hold, and what would be good. Both are None where the
    number only explains."""

    name: str
    value: float
    unit: str = ""
    bound: Bound = "<="
    must: float | None = None
    aim: float | None = None

    @property
    def must_reached(self) -> bool | None:
        return self._reached(self.must)

    @property
    def aim_reached(self) -> bool | None:
        return self._reached(self.aim)

    def _reached(self, limit: float | None) -> bool | None:
        if limit is None:
            return None
        return self.value <= limit if self.bound == "<=" else self.value >= limit


@dataclass(frozen=True)
class Row:
    """The product and the floor, measured by turns, and the figures that follow from both."""

    name: str
    what: str
    unit: str
    product: Spread
    floor: Spread
    figures: Sequence[Figure]

    def as_json(self) -> dict[str, Any]:
        figures = [
            {**asdict(f), "must_reached": f.must_reached, "aim_reached": f.aim_reached}
            for f in self.figures
        ]
        return {
            **asdict(self),
            "value": self.product.median,
            "floor": self.floor.median,
            "ratio": ratio(self.product, self.floor),
            "spread": {"product": asdict(self.product), "floor": asdict(self.floor)},
            "figures": figures,
        }


def ratio(product: Spread, floor: Spread) -> float:
    """The product in floors: above 1 is slower where the unit is a time, faster where a rate."""
    return product.median / floor.median


def spread(values: Sequence[float]) -> Spread:
    ordered = sorted(values)
    return Spread(
        _quantile(ordered, 0.5), _quantile(ordered, 0.95), _quantile(ordered, 0.99), len(ordered)
    )


def _quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest measured value that `part` of all do not exceed."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that the work takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def by_turns(rounds: int, *works: Callable[[], float], warm_up: int = 0) -> list[Spread]:
    """Calls each in turn, again and again: what the machine does beside it hits all alike."""
    found: list[list[float]] = [[] for _ in works]
    for number in range(warm_up + rounds):
        for values, work in zip(found, works, strict=True):
            value = work()
            if number >= warm_up:
                values.append(value)
    return [spread(values) for values in found]


def table(rows: Sequence[Row]) -> str:
    return "\n\n".join("\n".join(_lines(row)) for row in rows)


def _lines(row: Row) -> list[str]:
    product, floor = _number(row.product.median), _number(row.floor.median)
    return [
        f"{row.name}: {row.what}",
        f"  product {product} {row.unit}, floor {floor} {row.unit},"
        f" ratio {_number(ratio(row.product, row.floor))}"
        f"  (medians of {row.product.samples} and {row.floor.samples})",
        *(f"  {_line(figure)}" for figure in row.figures),
    ]


def _line(figure: Figure) -> str:
    limits = ((figure.must, figure.must_reached, "must"), (figure.aim, figure.aim_reached, "aim"))
    verdicts = [
        f"{word} {figure.bound} {_number(limit)} {'reached' if reached else 'NOT REACHED'}"
        for limit, reached, word in limits
        if limit is not None
    ]
    value = f"{_number(figure.value)} {figure.unit}".rstrip()
    return f"{figure.name:<38} {value:>16}   {', '.join(verdicts)}".rstrip()


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value >= 100 else f"{value:.3g}"

"""Chance by number: the same key always gives the same draw, in any order, a whole array at once.

Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014
(the finalizer of SplitMix64).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_UNIT: Final = 2.0**-53


def mix(keys: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Return 64 well mixed bits for each key; the salt tells apart what is drawn."""
    with np.errstate(over="ignore"):
        bits = (keys + np.uint64(salt % 2**64)) * _STEP
        bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
        bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
        return bits ^ (bits >> np.uint64(31))


def uniform(keys: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """Return a number in (0, 1) for each key."""
    bits = mix(keys, salt) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * _UNIT


def normal(keys: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """Return a draw of the standard normal distribution for each key (Box and Muller, 1958)."""
    bits = mix(keys, salt)
    radius = np.sqrt(-2.0 * np.log(((bits >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32))
    angle = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2.0 * np.pi * 2.0**-32)
    return radius * np.cos(angle)

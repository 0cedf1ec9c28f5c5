"""What is packed into bits is found again: every bit that is set, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.queue.scene import Scene


def test_the_positions_of_set_bits_are_those_of_the_ones(scene: Scene) -> None:
    @settings(max_examples=200, deadline=None)
    @given(st.text("01", max_size=70), st.integers(0, 400))
    def check(bits: str, zeros: int) -> None:
        text = "0" * zeros + bits
        found = scene.database.one(
            "select array(select candlewatch.set_bits(%s::bit varying))", [text]
        )
        assert found == [position for position, bit in enumerate(text) if bit == "1"]

    check()

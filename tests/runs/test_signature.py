"""A wake is served only with a right signature that is younger than the replay window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, is_signed, sign

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SECRET = "a secret of the test"
BODY = '{"function":"evaluate"}'


def headers(*, at: datetime = NOW, secret: str = SECRET, body: str = BODY) -> dict[str, str]:
    time_text = at.isoformat()
    return {TIME_HEADER: time_text, SIGNATURE_HEADER: sign(secret, time_text, body)}


def test_a_fresh_signature_is_accepted() -> None:
    assert is_signed(SECRET, headers(), BODY, NOW)


@pytest.mark.parametrize("age", [timedelta(seconds=-301), timedelta(seconds=301)])
def test_a_signature_outside_the_window_is_refused(age: timedelta) -> None:
    assert not is_signed(SECRET, headers(at=NOW + age), BODY, NOW)


def test_a_signature_of_another_body_is_refused() -> None:
    assert not is_signed(SECRET, headers(), BODY + " ", NOW)


def test_a_signature_by_another_secret_is_refused() -> None:
    assert not is_signed(SECRET, headers(secret="another secret"), BODY, NOW)


def test_a_signature_moved_to_another_time_is_refused() -> None:
    moved = headers() | {TIME_HEADER: (NOW + timedelta(seconds=1)).isoformat()}

    assert not is_signed(SECRET, moved, BODY, NOW)


@pytest.mark.parametrize("time_text", ["", "yesterday", "2026-01-01T12:00:00", "1767268800"])
def test_a_time_that_is_none_or_naive_is_refused(time_text: str) -> None:
    given = {TIME_HEADER: time_text, SIGNATURE_HEADER: sign(SECRET, time_text, BODY)}

    assert not is_signed(SECRET, given, BODY, NOW)


@pytest.mark.parametrize("signature", ["", "00", "é" * 64])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    assert not is_signed(SECRET, headers() | {SIGNATURE_HEADER: signature}, BODY, NOW)


def test_a_wake_without_headers_is_refused() -> None:
    assert not is_signed(SECRET, {}, BODY, NOW)

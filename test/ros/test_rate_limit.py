"""Rates that do not divide the camera's."""

from __future__ import annotations

import pytest

from tr2m_ros.rate_limit import RateLimit


@pytest.mark.parametrize(("camera", "limit"), [(30, 20), (30, 10), (30, 29), (120, 7), (10, 30), (30, 0)])
def test_as_many_frames_as_wanted_pass(camera: int, limit: int) -> None:
    rate = RateLimit()
    passed = sum(rate.allows(i / camera, limit) for i in range(10 * camera))
    wanted = 10 * (min(camera, limit) if limit else camera)
    assert abs(passed - wanted) <= 1


def test_a_pause_is_not_made_up_for() -> None:
    rate = RateLimit()
    assert rate.allows(0.0, 10)
    passed = sum(rate.allows(100 + i / 100, 10) for i in range(100))
    assert passed <= 12

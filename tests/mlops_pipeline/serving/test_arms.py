"""Arms: keys stay where they are, and shares are what the weight says."""

from mlops_pipeline.serving.arms import Arm, arm_of, draw


def test_a_key_has_the_number_that_blake2b_gives_it() -> None:
    # blake2b of salt, 0x1f and key, in 8 bytes.
    assert draw("salt", "user-1") == draw("salt", "user-1") != draw("other", "user-1")
    assert 0 <= draw("", "\udc80") < 1


def test_shares_are_what_the_weight_says_and_a_greater_weight_keeps_who_was_in() -> None:
    keys = [f"user-{number}" for number in range(20_000)]
    small = {key for key in keys if arm_of("s", key, 0.1) == Arm.CANDIDATE}
    large = {key for key in keys if arm_of("s", key, 0.3) == Arm.CANDIDATE}
    baseline = [key for key in keys if arm_of("s", key, 0.3) == Arm.BASELINE]
    assert small < large
    assert abs(len(small) - 2000) < 200
    assert abs(len(large) - 6000) < 300
    assert abs(len(baseline) - 6000) < 300


def test_a_request_without_a_key_is_the_champions() -> None:
    assert arm_of("s", "", 0.5) == Arm.CHAMPION
    assert arm_of("s", "user", 0) == Arm.CHAMPION

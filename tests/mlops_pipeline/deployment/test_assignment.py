import pytest

from mlops_pipeline.deployment import Arm, arm_of, fnv32a, growthbook_unit, unit_of
from mlops_pipeline.errors import ParameterError

KEYS = [f"user-{number}" for number in range(20_000)]


@pytest.mark.parametrize(
    ("salt", "key", "unit"),
    [
        ("seed", "a", 0.0505),
        ("seed", "b", 0.2696),
        ("foo", "ab", 0.2575),
        ("foo", "def", 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 0.124),
        ("90850943850283058242805", "123", 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 0.0128),
    ],
)
def test_growthbook_sends_the_same_key_to_the_same_number(salt: str, key: str, unit: float) -> None:
    assert growthbook_unit(salt, key) == unit


def test_fnv_is_the_published_hash() -> None:
    assert [fnv32a(text) for text in ("", "a", "foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


def test_numbers_of_keys_stay_what_they_are() -> None:
    # Whoever is in a rollout stays in when the program is updated. By `b2sum -l 64`.
    assert unit_of("r1", "user-1") == (0x77080C42681BA365 >> 11) / 2**53
    assert unit_of("r1", "\ud800") < 1


def test_arms_have_the_share_of_keys_that_was_asked_for() -> None:
    arms = [arm_of(key, 0.1, "r1") for key in KEYS]
    assert arms.count(Arm.CANDIDATE) == pytest.approx(2000, abs=150)
    assert arms.count(Arm.BASELINE) == pytest.approx(2000, abs=150)


def test_whoever_had_the_candidate_keeps_it_while_the_weight_grows() -> None:
    had = {key for key in KEYS if arm_of(key, 0.05, "r1") is Arm.CANDIDATE}
    have = {key for key in KEYS if arm_of(key, 0.25, "r1") is Arm.CANDIDATE}
    assert had < have


def test_another_rollout_draws_anew() -> None:
    first = {key for key in KEYS if arm_of(key, 0.1, "r1") is Arm.CANDIDATE}
    second = {key for key in KEYS if arm_of(key, 0.1, "r2") is Arm.CANDIDATE}
    assert len(first & second) == pytest.approx(200, abs=60)


def test_a_salt_and_a_key_are_not_one_word() -> None:
    assert unit_of("ab", "c") != unit_of("a", "bc")


def test_without_a_key_the_champion_answers() -> None:
    assert arm_of("", 0.5, "r1") is Arm.CHAMPION


def test_all_keys_are_in_one_of_both_arms_at_half() -> None:
    assert {arm_of(key, 0.5, "r1") for key in KEYS} == {Arm.CANDIDATE, Arm.BASELINE}
    assert {arm_of(key, 0, "r1") for key in KEYS} == {Arm.CHAMPION}


@pytest.mark.parametrize("weight", [-0.1, 0.51, 1])
def test_a_weight_without_room_for_the_baseline_is_refused(weight: float) -> None:
    with pytest.raises(ParameterError, match="the weight of the candidate"):
        arm_of("key", weight, "r1")

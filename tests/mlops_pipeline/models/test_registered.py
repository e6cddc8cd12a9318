from mlops_pipeline.models import ModelChange, registered_from
from mlops_pipeline.models.changes import ALIAS, REGISTER, ROLLBACK


def changes(*kinds: tuple[str, int, dict[str, object]]) -> list[ModelChange]:
    return [
        ModelChange(number, action, version, artifact=10 + version, at=float(number), facts=facts)
        for number, (action, version, facts) in enumerate(kinds, 1)
    ]


def test_a_model_without_changes_is_empty() -> None:
    model = registered_from("m", [])
    assert (model.versions, model.aliases, model.damage) == ((), (), ())


def test_an_alias_taken_away_points_nowhere_and_stays_in_the_history() -> None:
    model = registered_from(
        "m",
        changes((REGISTER, 1, {}), (ALIAS, 1, {"alias": "live"}), (ALIAS, 0, {"alias": "live"})),
    )
    assert model.aliases == ()
    assert [(move.before, move.version) for move in model.moves] == [(0, 1), (1, 0)]
    assert model.version(1).aliases == ()


def test_facts_of_any_kind_do_not_break_it() -> None:
    odd: dict[str, object] = {"digest": 5, "uri": None, "signature": [1], "card": {"a": 1}}
    model = registered_from("m", changes((REGISTER, 1, odd)))
    assert model.version(1).digest == "5"
    assert model.version(1).uri == ""


def test_a_rollback_whose_bad_version_is_unknown_is_damage() -> None:
    model = registered_from("m", changes((REGISTER, 1, {}), (ROLLBACK, 1, {"bad": "x"})))
    assert len(model.damage) == 1
    assert model.version(1).state == "ready"


def test_a_copy_of_what_was_rolled_back_is_found_by_either_digest() -> None:
    facts: dict[str, object] = {"digest": "d", "source_digest": "s"}
    model = registered_from(
        "m",
        changes(
            (REGISTER, 1, {}),
            (REGISTER, 2, facts),
            (ALIAS, 2, {}),
            (ROLLBACK, 1, {"bad": 2}),
        ),
    )
    assert model.bad_copy(["s"]) == model.version(2)
    assert model.bad_copy(["d"]) == model.version(2)
    assert model.bad_copy([""]) is None

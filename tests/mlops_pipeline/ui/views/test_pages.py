"""The table of pages and their addresses."""

from __future__ import annotations

import pytest
from page_runs import page

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.ui.views.links import address_of
from mlops_pipeline.ui.views.pages import PAGES, split_address, whole
from mlops_pipeline.ui.views.reader import Reader


@pytest.mark.parametrize("value", ["x", "a b", "../x", "a&b=c", "é", "#", "a/b?c", "\0", "%2e"])
def test_an_address_says_what_it_was_given(value: str) -> None:
    address = address_of("run", id=value)
    assert split_address(address) == ("run", {"id": value})
    assert "/" not in address


def test_the_first_page_has_an_address() -> None:
    assert (address_of(""), split_address(""), split_address("/")) == ("./", ("", {}), ("", {}))


def test_an_unknown_page_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no page 'modls'") as error:
        split_address("modls")
    assert "models" in error.value.hint
    with pytest.raises(ParameterError):
        split_address("run?" + "&".join(f"a{n}=1" for n in range(100)))


@pytest.mark.parametrize("name", [name for name, kind in PAGES.items() if kind.needs])
def test_a_page_says_what_its_address_lacks(reader: Reader, name: str) -> None:
    with pytest.raises(ParameterError, match="needs") as error:
        page(reader, name)
    assert f"{name}?{PAGES[name].takes[0]}=..." in error.value.hint


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "\u0661", "9999999"])
def test_what_is_no_whole_number_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match="limit is"):
        whole({"limit": text}, "limit", 1)
    assert whole({"limit": ""}, "limit", 3) == 3

"""Damaged and contradictory files: each has its named error, with file and row or record."""

import gzip
from pathlib import Path

import pytest
from refused_inputs import refused

from mlops_components import (
    CsvExampleGen,
    HashSplit,
    OutputConfig,
    SplitConfig,
)
from mlops_components.loaders import load_examples
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


ROWS = "".join(f"{number},x{number}\n" for number in range(40))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": ROWS, "b.csv": "c,d\n1,2\n"}, "b.csv has other columns than a.csv"),
        ({"a.csv": ROWS, "b.csv": "a,b\nno,2\n"}, "column 'a' has numbers in .*a.csv and texts in"),
        ({"a.csv": ROWS + '1,"open\n2,x\n'}, "a.csv:42: a quote is opened here and not closed"),
        ({"a.csv": "1,\0\n\0,2,3\n"}, "a.csv:3: 3 values where the header names 2"),
    ],
    ids=["vanished", "type", "quote", "null"],
)
def test_contradictory_csv_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    import re

    for name, text in files.items():
        header = "" if text.startswith(("c,d", "a,b")) else "a,b\n"
        (tmp_path / name).write_text(header + text)
    assert re.search(message, refused(CsvExampleGen, tmp_path))


def test_compressed_and_foreign_csv_is_named(tmp_path: Path) -> None:
    for data, message in (
        (gzip.compress(b"a,b\n1,2\n")[:-5], "a.csv is not a whole gzip file"),
        ("a,b\n1,2\n".encode("utf-16"), "iconv -f utf-16 -t utf-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "iconv -f utf-16 -t utf-8"),
        (b"a,b\n1e400,2\n0.5,3\n", "a.csv: row 1: column 'a' is 1e400, of which"),
        (b"a,b\n1,2\n" * 9 + b"1,\xe4\n", "iconv -f latin1 -t utf-8"),
    ):
        (tmp_path / "a.csv").write_bytes(data)
        assert message in refused(CsvExampleGen, tmp_path)


def test_lost_zeros_and_kept_blanks_are_as_in_tfx(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.csv").write_text('zip,n,blank,inf\n01234,1,"",inf\n2,2, ,0.5\n')
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    outputs = run_component(CsvExampleGen, input_base=tmp_path, output_config=config).outputs
    found = load_examples(outputs["examples"])
    assert found["zip"].tolist() == [1234, 2]
    assert found["blank"].tolist() == [None, " "]
    assert found["inf"].tolist() == [float("inf"), 0.5]
    (text,) = [each for each in caplog.messages if "zeros" in each]
    assert text.startswith("column 'zip' is read as whole numbers, 01234 as 1234;")


def test_column_types_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + ROWS)
    (tmp_path / "b.csv").write_text("a,b\nno,x\n")
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    texts = {"column_types": {"a": "string"}, "output_config": config}
    assert run_component(CsvExampleGen, input_base=tmp_path, **texts).outputs
    text = refused(CsvExampleGen, tmp_path, column_types={"a": "int"})
    assert "b.csv: row 1: a is 'no', which is no int" in text
    assert "did you mean 'a'?" in refused(CsvExampleGen, tmp_path, column_types={"aa": "int"})
    assert "did you mean 'int'" in refused(CsvExampleGen, tmp_path, column_types={"a": "in"})

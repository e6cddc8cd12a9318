"""The page of data compared: versions, spans, or what is behind models, feature by feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError
from mlops_pipeline.inspection import (
    STATISTICS_FILE,
    Described,
    Version,
    find_version,
    splits_of,
    statistics_of,
    versions,
)
from mlops_pipeline.inspection.models import data_behind, find_made_model, maker_of
from mlops_pipeline.inspection.statistics import (
    FeatureVersions,
    compare_features,
    parse_statistics,
)
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.ui.views.charts import Chart, axis, make_chart
from mlops_pipeline.ui.views.files import read_file
from mlops_pipeline.ui.views.reader import Reader

LIMIT = 0.1
"""Divergence above which a feature counts as changed, unless another is given."""

MOST_BYTES = 60_000_000
"""Bytes of a file of statistics that are read."""

NEWEST = 6
"""Versions of a dataset that are compared where it is named alone."""

OVERLAYS, ON_MAP = 10, 40
"""Features whose distributions are drawn large, and those on the map of versions and features."""


@dataclass(frozen=True)
class ComparedVersion:
    """One version on the page.

    Args:
        asked: how it was asked for.
        rows: of the split; None where that is not known.
        note: why there are no statistics.
    """

    asked: str
    id: int
    dataset: str
    span: int | None
    digest: str
    created: float
    rows: int | None = None
    columns: int | None = None
    note: str = ""


@dataclass(frozen=True)
class DataPage:
    """Versions of data compared, each with the first.

    Args:
        split: that is compared; `splits` are all.
        features: those that changed most first.
        counts: number of features by verdict.
        same_content: whether all have the same bytes.
        charts: the map of versions and features, and distributions of those that changed most.
    """

    versions: tuple[ComparedVersion, ...]
    split: str
    splits: tuple[str, ...]
    limit: float
    same_content: bool
    features: tuple[FeatureVersions, ...]
    counts: Mapping[str, int]
    charts: tuple[Chart, ...]
    letters: tuple[str, ...]


def read_data_page(
    reader: Reader, asked: Sequence[str], split: str = "", limit: str = "", feature: str = ""
) -> DataPage:
    """Compare versions of data.

    Args:
        asked: versions as for `mlops data diff`, or `model:NUMBER`; one alone is a dataset, of
            which the newest are compared; none is the newest dataset.
        split: the first that all have, by default.
        limit: divergence above which a feature counts as changed.
        feature: one whose distributions are drawn.

    Raises:
        NotFoundError: one of them is not there.
        PipelineError: the limit is no number, or there is nothing to compare.
    """
    most = _limit(limit)
    found = _versions(reader.store, asked)
    sources = [_Statistics(reader, version) for _, version in found]
    splits = tuple(dict.fromkeys(name for each in sources for name in each.splits))
    common = [name for name in splits if all(name in each.splits for each in sources)]
    chosen = split if split in splits else next(iter([*common, *splits]), "")
    read = [each.read(chosen) for each in sources]
    features = compare_features([each for each, _ in read], most)
    letters = tuple(chr(ord("A") + number) for number in range(len(found)))
    counts: dict[str, int] = {}
    for each in features:
        counts[each.verdict] = counts.get(each.verdict, 0) + 1
    rows = [
        ComparedVersion(
            name,
            version.id,
            version.dataset,
            version.span,
            version.digest,
            version.created,
            described.rows if described else None,
            len(described.features) if described else None,
            note,
        )
        for (name, version), (described, note) in zip(found, read, strict=True)
    ]
    digests = {row.digest for row in rows}
    return DataPage(
        versions=tuple(rows),
        split=chosen,
        splits=splits,
        limit=most,
        same_content=len(digests) == 1 and "" not in digests,
        features=features,
        counts=counts,
        charts=tuple(_charts(features, letters, feature)),
        letters=letters,
    )


def feature_drift(reader: Reader, before: Version, after: Version) -> dict[str, float]:
    """Return how far each feature of two versions is apart, by the first split that both have."""
    one, other = _Statistics(reader, before), _Statistics(reader, after)
    for split in one.splits:
        if split in other.splits:
            found = compare_features([one.read(split)[0], other.read(split)[0]], LIMIT)
            return {each.name: each.farthest for each in found if each.divergence[1] is not None}
    return {}


class _Statistics:
    """The stored statistics of a version, read only below the known folders."""

    def __init__(self, reader: Reader, version: Version) -> None:
        self.reader = reader
        self.record = statistics_of(reader.store, version.ids)
        self.splits = (splits_of(self.record) or [""]) if self.record else []

    def read(self, split: str) -> tuple[Described | None, str]:
        """Return the statistics of a split, and why there are none."""
        if self.record is None:
            return None, "no statistics: run StatisticsGen on it"
        if split not in self.splits:
            return None, f"it has no split {split!r}"
        path = f"Split-{split}/{STATISTICS_FILE}" if split else STATISTICS_FILE
        try:
            data, size = read_file(self.reader, self.record, path, MOST_BYTES)
            if size > MOST_BYTES:
                return None, f"{path} is too large to be read"
            found = parse_statistics(data)
        except PipelineError as error:
            return None, error.message
        return found, "" if found.rows else "no rows: nothing is known of its features"


def _versions(store: MetadataStore, asked: Sequence[str]) -> list[tuple[str, Version]]:
    if len(asked) > 1:
        return [(name, _version(store, name)) for name in asked]
    known = versions(store) if not asked else []
    if not asked and not known:
        raise NotFoundError("there is no data yet", hint="run a pipeline that has an ExampleGen")
    version = _version(store, asked[0]) if asked else _described(store, known)
    newest = versions(store, version.dataset)[:NEWEST]
    return [(f"#{each.id}", each) for each in reversed(newest)]


def _described(store: MetadataStore, known: Sequence[Version]) -> Version:
    """Return the newest version of the first dataset that has statistics, or of any."""
    newest = {version.dataset: version for version in reversed(known)}
    of_each = sorted(newest.values(), key=lambda version: -version.ids[-1])
    return next((each for each in of_each if statistics_of(store, each.ids)), of_each[0])


def _version(store: MetadataStore, name: str) -> Version:
    if not name.startswith("model:"):
        return find_version(store, name)
    what = name.removeprefix("model:")
    behind = data_behind(store, maker_of(store, find_made_model(store, what).id))
    if not behind:
        raise NotFoundError(
            f"the store does not know what model {what[:50]} was trained on",
            hint="name the data itself",
        )
    return behind[0]


def _limit(text: str) -> float:
    try:
        found = float(text or LIMIT)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ParameterError(f"limit is {text[:50]!r}", hint="give a number between 0 and 1")
    return found


def _charts(features: Sequence[FeatureVersions], letters: Sequence[str], asked: str) -> list[Chart]:
    chosen = [each for each in features if each.name == asked]
    drawn = chosen or [each for each in features if each.bars][:OVERLAYS]
    charts = [_overlay(each, letters) for each in drawn]
    rows = [
        (each.name, letter, distance)
        for each in features[:ON_MAP]
        for letter, distance in zip(letters[1:], each.divergence[1:], strict=True)
    ]
    if len(letters) > 2 and rows:
        spec = {
            "height": {"step": 16},
            "mark": "rect",
            "encoding": {
                "x": axis("version", "nominal", sort=None),
                "y": axis("feature", "nominal", sort=None),
                "color": axis("divergence", "quantitative", scale={"domain": [0, 1]}),
            },
        }
        columns = ("feature", "version", "divergence")
        charts.insert(0, make_chart("Versions and features", columns, rows, spec))
    return charts


def _overlay(feature: FeatureVersions, letters: Sequence[str]) -> Chart:
    rows = [
        (label, letter, share)
        for label, shares in feature.bars
        for letter, share in zip(letters, shares, strict=True)
    ]
    spec = {
        "mark": {"type": "bar", "opacity": 0.6},
        "encoding": {
            "x": axis("value", "nominal", sort=None),
            "y": axis("share", "quantitative", stack=None),
            "color": axis("version", "nominal"),
        },
    }
    return make_chart(feature.name, ("value", "version", "share"), rows, spec)

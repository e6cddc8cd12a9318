"""The types of a store, read once a process and registered where they are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from mlops_metadata.artifact_types import BASES, base_of, is_known, property_number
from mlops_metadata.engine.session import Database, Session
from mlops_metadata.layout.records import CONTEXT_TYPES
from mlops_metadata.layout.rows import Kind, PropertyType, TypeRow
from mlops_pipeline.store import ArtifactType

_KINDS = frozenset(int(kind) for kind in Kind)
_PROPERTY_TYPES = frozenset(int(kind) for kind in PropertyType)
_BASE_OF = {name: base for base, name in BASES.items()}


class _Found(Struct, frozen=True):
    """What was read: names by id, ids by kind and name, and the artifact types by name."""

    names: Mapping[int, str] = field(default_factory=dict)
    ids: Mapping[tuple[Kind, str], int] = field(default_factory=dict)
    artifacts: Mapping[str, TypeRow] = field(default_factory=dict)


def _read(session: Session) -> _Found:
    names: dict[int, str] = {}
    ids: dict[tuple[Kind, str], int] = {}
    # Of types with the same name, the one without version is what MLMD means by the name.
    statement = "SELECT id, name, type_kind, version FROM Type ORDER BY id DESC"
    for type_id, name, kind, version in session.rows(statement):
        names[type_id] = name
        if version is None and kind in _KINDS:
            ids[Kind(kind), name] = type_id
    properties: dict[int, dict[str, PropertyType]] = {}
    for type_id, name, number in session.rows("SELECT type_id, name, data_type FROM TypeProperty"):
        known = number if number in _PROPERTY_TYPES else 0
        properties.setdefault(type_id, {})[name] = PropertyType(known)
    parents = session.rows("SELECT type_id, parent_type_id FROM ParentType")
    bases = {child: _BASE_OF.get(names.get(parent, ""), "") for child, parent in parents}
    artifacts = {
        name: TypeRow(type_id, name, bases.get(type_id, ""), properties.get(type_id, {}))
        for (kind, name), type_id in ids.items()
        if kind is Kind.ARTIFACT
    }
    return _Found(names, ids, artifacts)


class KnownTypes:
    """The types of a store: artifacts, executions, contexts.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found = _Found()

    def find(self, session: Session, kind: Kind, name: str) -> int:
        """Return the id of a type; 0 if there is none."""
        found = self._found
        if (kind, name) not in found.ids:
            found = self._found = _read(session)
        return found.ids.get((kind, name), 0)

    def names(self, session: Session) -> Callable[[int], str]:
        """Return a function that gives the name of a type by its id."""
        return lambda type_id: self._name(session, type_id)

    def _name(self, session: Session, type_id: int) -> str:
        found = self._found
        if type_id not in found.names:
            found = self._found = _read(session)
        return found.names.get(type_id, "")

    def artifacts(self, session: Session) -> list[TypeRow]:
        """Return all artifact types, oldest first."""
        return sorted(_read(session).artifacts.values(), key=lambda kind: kind.id)

    def execution(self, name: str) -> int:
        """Return the id of an execution type, which is registered if it is new."""
        return self._registered(Kind.EXECUTION, [name])[0]

    def contexts(self) -> dict[str, int]:
        """Return the ids of our context types, which are registered if they are new."""
        ids = self._registered(Kind.CONTEXT, CONTEXT_TYPES)
        return dict(zip(CONTEXT_TYPES, ids, strict=True))

    def artifact(self, name: str) -> TypeRow:
        """Return an artifact type, which is registered if it is new."""
        return self._with([ArtifactType(name)]).artifacts[name]

    def _registered(self, kind: Kind, names: Iterable[str]) -> list[int]:
        wanted = [(kind, name) for name in names]
        found = self._found
        if not all(each in found.ids for each in wanted):
            found = self._found = self._database.read(_read)
        missing = [name for kind, name in wanted if (kind, name) not in found.ids]
        if missing:
            put = self._database.write(lambda session: _put(session, kind, missing))
            found = self._found = put
        return [found.ids[each] for each in wanted]

    def register(self, types: Iterable[ArtifactType]) -> None:
        """Register artifact types; known ones may gain properties.

        Raises:
            StoreError: a type contradicts the one that is stored.
        """
        self._with(types)

    def _with(self, types: Iterable[ArtifactType]) -> _Found:
        # Another thread may put what it has read before in the place of what is found here.
        kinds = list({kind.name: kind for kind in types}.values())
        found = self._found
        if not _knows(found, kinds):
            found = self._found = self._database.read(_read)
        if not _knows(found, kinds):
            put = self._database.write(lambda session: _put_artifacts(session, kinds))
            found = self._found = put
        return found


def _knows(found: _Found, kinds: Iterable[ArtifactType]) -> bool:
    return all(is_known(kind, found.artifacts.get(kind.name)) for kind in kinds)


def _put(session: Session, kind: Kind, names: Iterable[str]) -> _Found:
    # The table has no rule against a second type of the same name.
    session.alone()
    found = _read(session)
    rows = [(name, int(kind)) for name in names if (kind, name) not in found.ids]
    if rows:
        session.insert("Type", ("name", "type_kind"), rows)
    return _read(session)


def _put_artifacts(session: Session, kinds: Iterable[ArtifactType]) -> _Found:
    session.alone()
    found = _read(session)
    for kind in kinds:
        known = found.artifacts.get(kind.name)
        if is_known(kind, known):
            continue
        if known is None:
            row = (kind.name, int(Kind.ARTIFACT))
            (type_id,) = session.insert("Type", ("name", "type_kind"), [row])
            known = TypeRow(type_id, kind.name)
        new = [
            (known.id, name, int(property_number(word)))
            for name, word in kind.properties.items()
            if name not in known.properties
        ]
        if new:
            session.insert("TypeProperty", ("type_id", "name", "data_type"), new)
        base = base_of(kind)
        if base and not known.base:
            parent = found.ids[Kind.ARTIFACT, BASES[base]]
            session.insert("ParentType", ("type_id", "parent_type_id"), [(known.id, parent)])
    return _read(session)

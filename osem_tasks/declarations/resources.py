"""Read the resources of a template: which of them are tables, and what moves their capacity?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import global_table, sam, scaling, shape
from osem_tasks.declarations.intrinsics import Evaluator
from osem_tasks.declarations.properties import built
from osem_tasks.declarations.transforms import LANGUAGE, TRANSFORM, TRANSFORMED, transforms
from osem_tasks.declarations.values import NO_VALUE, Place, Problem, RefusedError, Unknown
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from osem_tasks.declarations.context import Context
    from osem_tasks.schema.model import Table

TABLE = shape.TABLE_TYPE
TABLES = (TABLE, global_table.GLOBAL_TABLE, sam.SIMPLE_TABLE)
_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_ATTRIBUTES = (
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
)
# Where a mistake does not matter, because nothing here depends on it.
_NOT_MANAGED = (
    *shape.RESOURCE.unmanaged,
    *global_table.UNMANAGED_OF_REPLICA,
)
_KNOWN_TRANSFORMS = (LANGUAGE, "AWS::Serverless-2016-10-31")
# Resources that may hold tables, which are not followed: their types, and how types end.
_NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_MODULE = "::MODULE"


@dataclass(slots=True)
class Found:
    """What the resources of a template hold."""

    tables: list[Table] = field(default_factory=list)
    unmanaged: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    # The table, the fact and the resource of everything that scales.
    scaled: list[tuple[str, str, str]] = field(default_factory=list)
    # The names of the template's parameters.
    parameters: tuple[str, ...] = ()


def read_resources(template: Mapping[str, Any], context: Context) -> Found:
    """Return the tables of a template, and its parts that are not followed.

    Raises RefusedError with every problem.
    """
    problems = [_stranger(name) for name in template if name not in _SECTIONS]
    evaluator = Evaluator(template, context, _table_name, frozenset(_NOT_MANAGED))
    found = Found(problems=problems, parameters=evaluator.parameters.declared)
    found.unmanaged += [
        (f"Transform {name}", "it is carried out by AWS only, and may change or add tables")
        for name in transforms(template)
        if name not in _KNOWN_TRANSFORMS
    ]
    reader = _Reader(evaluator, sam.global_properties(template), context, found)
    for name, (resource, place) in evaluator.resources.items():
        try:
            reader.read(
                name,
                resource,
                replace(
                    place, owner=f"resource {shown(name)}", base=place.base + place.path, path=()
                ),
            )
        except RefusedError as error:
            found.problems += error.found
    if found.problems:
        raise RefusedError(found.problems, found.parameters)
    _apply_scaling(found)
    return found


def _stranger(name: Any) -> Problem:
    """Return the problem of a section that no template has."""
    place = Place("", (), (name,))
    if name == TRANSFORM:
        return place.problem(TRANSFORMED)
    return place.sentence(f"is not a section of a template{nearest(name, _SECTIONS)}")


def _apply_scaling(found: Found) -> None:
    """Add what scales to the ignored facts of its table; list it if there is no such table."""
    positions = {table.name: position for position, table in enumerate(found.tables)}
    for name, fact, resource in found.scaled:
        table = found.tables[positions[name]] if name in positions else None
        if table and scaling.is_fact_of(fact, table):
            found.tables[positions[name]] = replace(table, ignored=table.ignored | {fact})
        elif not table or table.billing == "PROVISIONED":
            reason = f"it scales {fact} of {shown(name)}, which is not declared here"
            found.unmanaged.append((f"resource {resource}", reason))


@dataclass(frozen=True, slots=True)
class _Reader:
    evaluator: Evaluator
    globals: Mapping[str, Any]
    context: Context
    found: Found

    def read(self, name: Any, resource: object, place: Place) -> None:
        """Read one resource, and add what it holds to ``found``."""
        if name == TRANSFORM:
            raise place.refused(TRANSFORMED)
        resource = _mapping(resource, place, "")
        kind = resource.get("Type")
        if isinstance(kind, Unknown):
            raise RefusedError([place.at("Type").unknown(kind)])
        if kind in TABLES:
            self._table(name, str(kind), resource, place)
        elif kind == scaling.SCALABLE_TARGET:
            self._scaling(name, resource, place)
        elif kind in _NESTED or str(kind).endswith(_MODULE):
            if self._is_there(resource, place) is not False:
                self.found.unmanaged.append((f"resource {name}", f"{kind} is not followed"))
        elif str(kind).startswith(("AWS::DynamoDB::", "AWS::Serverless::Simple")):
            raise place.refused(f"{shown(kind)} is not a known type{nearest(kind, TABLES)}")

    def _is_there(self, resource: Mapping[str, Any], place: Place) -> bool | Unknown:
        if "Condition" not in resource:
            return True
        return self.evaluator.condition(resource["Condition"], place.at("Condition"))

    def _table(self, name: Any, kind: str, resource: Mapping[str, Any], place: Place) -> None:
        problems = [
            place.at(key).problem(
                f"{key} is not an attribute of a resource" + nearest(key, _ATTRIBUTES)
            )
            for key in resource
            if key not in (*_ATTRIBUTES, "IgnoreGlobals")
        ]
        there = self._is_there(resource, place)
        if isinstance(there, Unknown):
            problems.append(place.unknown(there, "whether the table exists is not known: "))
        if problems:
            raise RefusedError(problems)
        if there is True:
            self.found.tables.append(self._built(name, kind, resource, place))

    def _built(self, name: Any, kind: str, resource: Mapping[str, Any], place: Place) -> Table:
        place = replace(place, base=(*place.base, "Properties"))
        given = resource.get("Properties")
        given = _mapping({} if given is None else given, place, "Properties ")
        if kind == sam.SIMPLE_TABLE:
            given = sam.merged(self.globals, given)
        properties, problems = self.evaluator.members(given, place)
        try:
            table = self._converted(name, kind, properties, place)
        except RefusedError as error:
            problems += error.found
        if problems:
            raise RefusedError(problems)
        return table

    def _converted(self, name: Any, kind: str, properties: dict[str, Any], place: Place) -> Table:
        """Return the table of evaluated properties; they may be BROKEN."""
        more: dict[str, Any] = {}
        if kind == sam.SIMPLE_TABLE:
            properties = sam.as_table(properties, place)
        if kind == global_table.GLOBAL_TABLE:
            regional = global_table.regional(
                properties, place, region=self.context.region, local=self.context.local
            )
            properties = regional.properties
            more = {"ignored": regional.ignored, "unmanaged": regional.unmanaged}
        own = properties.get("TableName", name)
        described = replace(shape.RESOURCE, what=kind)
        return built(str(own), properties, described, place, template=True, **more)

    def _scaling(self, name: Any, resource: Mapping[str, Any], place: Place) -> None:
        """Note the capacity that a scalable target moves."""
        if self._is_there(resource, place) is False:
            return
        place = replace(place, base=(*place.base, "Properties"))
        given = _mapping(resource.get("Properties"), place, "Properties ")
        wanted = ("ServiceNamespace", "ScalableDimension", "ResourceId")
        properties = {
            key: self.evaluator.resolve(given[key], place.at(key)) for key in wanted if key in given
        }
        fact = scaling.scaled_fact(properties, place)
        if isinstance(fact, Unknown):
            reason = f"what it scales is not known: {fact.reason}"
            self.found.unmanaged.append((f"resource {name}", reason))
        elif fact:
            self.found.scaled.append((*fact, str(name)))


def _mapping(value: Any, place: Place, what: str) -> Mapping[Any, Any]:
    """Return ``value`` if it is a mapping. Raises RefusedError."""
    if isinstance(value, Unknown):
        raise RefusedError([place.unknown(value)])
    if not isinstance(value, Mapping):
        raise place.refused(f"{what}must be a mapping, not {shown(value)}")
    return value


def _table_name(name: str, evaluator: Evaluator) -> Any:
    """Return what a reference to a resource gives: a table's name; Unknown for other resources."""
    resource, _ = evaluator.resources[name]
    if not isinstance(resource, Mapping) or resource.get("Type") not in TABLES:
        return evaluator.of_aws(f"Ref {shown(name)}")
    properties = resource.get("Properties")
    own = properties.get("TableName") if isinstance(properties, Mapping) else None
    place = Place(f"resource {shown(name)}", ("Resources", name, "Properties"), ("TableName",))
    found = None if own is None else evaluator.resolve(own, place)
    return name if found in (None, NO_VALUE) else found

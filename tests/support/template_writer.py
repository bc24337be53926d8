"""Write a template in other words: the same tables by parameters, conditions, functions, loops."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

NO_VALUE = {"Ref": "AWS::NoValue"}
# A text that no random table holds, to split at.
DELIMITER = "<+>"


class Writer:
    """Replaces values of a template by functions that give the same values."""

    def __init__(self, draw: st.DrawFn, template: dict[str, Any]) -> None:
        self._draw = draw
        self._names = 0
        self._template = copy.deepcopy(template)
        self._template["Parameters"] = {"Stage": {"Type": "String", "Default": "dev"}}
        self._template["Mappings"] = {"Values": {"dev": {}}}
        self._template["Conditions"] = {
            "Dev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
            "Prod": {"Fn::Not": [{"Condition": "Dev"}]},
            "Both": {"Fn::And": [{"Condition": "Dev"}, {"Condition": "Prod"}]},
            "Either": {"Fn::Or": [{"Condition": "Prod"}, {"Condition": "Dev"}]},
        }

    def written(self) -> dict[str, Any]:
        """The template in other words."""
        resources: dict[str, Any] = {}
        for name, resource in self._template["Resources"].items():
            properties = {key: self._worded(value) for key, value in resource["Properties"].items()}
            if self._draw(st.booleans()):
                properties.setdefault("Tags", NO_VALUE)
            resources |= self._resource(name, {**resource, "Properties": properties})
        absent = {"Type": "AWS::DynamoDB::Table", "Condition": "Both", "Properties": {}}
        self._template["Resources"] = {**resources, "Absent": absent}
        return self._template

    def _resource(self, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        """The members of Resources that stand for one resource."""
        how = self._draw(st.sampled_from(("as it is", "condition", "loop")))
        if how == "condition":
            return {name: {**resource, "Condition": self._true()}}
        original = self._template["Resources"][name]["Properties"]["TableName"]
        if how == "loop":
            cut = self._draw(st.integers(1, len(original)))
            rest = original[cut:]
            table_name = self._draw(
                st.sampled_from(
                    (
                        f"${{Part}}{rest}",
                        {"Fn::Sub": f"${{Part}}{rest}"},
                        {"Fn::Join": ["", [{"Ref": "Part"}, rest]]},
                    )
                )
            )
            looped = {**resource, "Properties": {**resource["Properties"], "TableName": table_name}}
            return {
                f"Fn::ForEach::{name}": ["Part", [original[:cut]], {f"{name}&{{Part}}": looped}]
            }
        return {name: resource}

    def _worded(self, value: Any) -> Any:
        """``value``, or a function that gives it; the same within it."""
        if isinstance(value, dict):
            value = {key: self._worded(part) for key, part in value.items()}
        elif isinstance(value, list):
            value = self._list(value)
        if self._draw(st.integers(0, 3)):
            return value
        if isinstance(value, (dict, list)):
            return self._chosen(value)
        return self._scalar(value)

    def _list(self, values: list[Any]) -> Any:
        if values and all(isinstance(v, str) for v in values) and self._draw(st.booleans()):
            return {"Fn::Split": [DELIMITER, DELIMITER.join(values)]}
        worded = [self._worded(value) for value in values]
        if self._draw(st.booleans()):
            worded.insert(self._draw(st.integers(0, len(worded))), NO_VALUE)
        if self._draw(st.booleans()):
            worded.append({"Fn::If": [self._false(), {"Fn::ImportValue": "x"}, NO_VALUE]})
        return worded

    def _chosen(self, value: Any) -> Any:
        other = {"Fn::GetAtt": ["Nobody", "Arn"]}
        return self._draw(
            st.sampled_from(
                (
                    {"Fn::If": [self._true(), value, other]},
                    {"Fn::If": [self._false(), other, value]},
                    {"Fn::Select": ["1", [other, value]]},
                    {"Fn::FindInMap": ["Values", "prod", "x", {"DefaultValue": value}]},
                )
            )
        )

    def _scalar(self, value: Any) -> Any:
        """A scalar as a parameter, a mapping's value, or (text) in parts."""
        words = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        self._names += 1
        name = f"P{self._names}"
        how = self._draw(st.sampled_from(("parameter", "mapping", "join", "sub", "chosen")))
        if how == "parameter":
            kind = "Number" if type(value) is int else "String"
            self._template["Parameters"][name] = {"Type": kind, "Default": value}
            return {"Ref": name}
        if how == "mapping":
            self._template["Mappings"]["Values"]["dev"][name] = words
            return {"Fn::FindInMap": ["Values", {"Ref": "Stage"}, name]}
        if how == "chosen":
            return self._chosen(value)
        cut = self._draw(st.integers(0, len(words)))
        if how == "join":
            return {"Fn::Join": ["", [words[:cut], {"Fn::Sub": ["${x}", {"x": words[cut:]}]}]]}
        return {"Fn::Sub": [f"{words[:cut].replace('${', '${!')}${{rest}}", {"rest": words[cut:]}]}

    def _true(self) -> str:
        return self._draw(st.sampled_from(("Dev", "Either")))

    def _false(self) -> str:
        return self._draw(st.sampled_from(("Prod", "Both")))

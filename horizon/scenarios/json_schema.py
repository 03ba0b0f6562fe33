"""The JSON schema of scenario files, so that editors complete keys and underline mistakes; made from the models.

Shipped as `scenarios/schema.json`; files name it in their first line: `#:schema schema.json`.
"""

from typing import Any

from horizon.scenarios.scenario import Scenario

_TITLE = "A Horizon scenario file"


def file_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a scenario file."""
    scenario = Scenario.model_json_schema()
    definitions, keys = scenario["$defs"], _without_titles(scenario["properties"])
    # A single turn may be written as a number.
    definitions["ErrorRate"]["properties"]["turns"]["type"] = ["string", "integer"]
    table = {
        **keys,
        "models": _list({"type": "string"}, "models, one scenario for each; instead of model"),
        "grid": {"$ref": "#/$defs/Grid"},
    }
    named = {"name": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "description": "its name"}}
    top = {
        "extends": {
            "type": "string",
            "description": "a shipped scenario, or a file such as mine.toml, whose keys hold",
        },
        **table,
        "scenario": {
            "type": "array",
            "items": {"$ref": "#/$defs/Table"},
            "description": "several scenarios; each has the keys of the file's top unless it sets its own",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _TITLE,
        "type": "object",
        "additionalProperties": False,
        "properties": top,
        "$defs": {
            **{name: _without_titles(definition) for name, definition in definitions.items()},
            "Grid": _grid(keys),
            "Table": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {**named, **table},
            },
        },
    }


def _grid(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of `[grid]`: for each key a list of what the key takes."""
    lists = {key: _list(_bare(key_schema), key_schema.get("description", "")) for key, key_schema in keys.items()}
    for key in ("expect", "description"):
        del lists[key]
    lists["parameters"] = {
        "type": "object",
        "additionalProperties": _list(keys["parameters"]["additionalProperties"], "values of the parameter"),
        "description": "parameters that vary",
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": lists,
        "description": "keys that vary: one scenario for each combination",
    }


def _list(items: Any, description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True, "description": description}


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in schema.items() if key not in ("default", "description")}


def _without_titles(schema: Any) -> Any:
    """Return a schema without pydantic's titles, which only repeat the keys, and without nulls, which TOML lacks."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        key: _without_titles(part)
        for key, part in schema.items()
        if not (key == "title" and isinstance(part, str))
        and not (key == "default" and (part is None or isinstance(part, dict)))
    }
    choices = plain.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        kept = [choice for choice in choices if choice != {"type": "null"}]
        del plain["anyOf"]
        return {**kept[0], **plain} if len(kept) == 1 else {"anyOf": kept, **plain}
    return plain

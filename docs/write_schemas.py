"""Writes docs/schemas/ from the records: `python docs/write_schemas.py`, from a checkout.

A file is named after what it describes and the version of that; those of earlier versions stay as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from privbench.judging.baseline import Baseline
from privbench.record.manifest import ReleaseManifest
from privbench.record.run import RunRecord
from privbench.record.values import Record

FOLDER = Path(__file__).parent / "schemas"
KINDS: dict[str, tuple[type[Record], str]] = {
    "run": (RunRecord, "run.json of a run folder"),
    "baseline": (Baseline, "what privbench baseline writes"),
    "manifest": (ReleaseManifest, "manifest.json of a release that privbench anonymize wrote"),
}
"""Each record that others read, and which file it is."""
VERSION = "schema_version"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Titles of fields would only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def version_of(record: type[Record]) -> int:
    """The version that files of this record tell."""
    field: FieldInfo = record.model_fields[VERSION]
    return int(field.default)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of that kind: what holds of every file of its version, as far as one can say it
    field by field. What fields say of each other is checked when privbench reads the file."""
    record, what = KINDS[kind]
    version = version_of(record)
    schema = record.model_json_schema(schema_generator=_WithoutFieldTitles)
    schema["required"] = [VERSION, *schema["required"]]  # its default is for new files
    head = {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:privbench:{kind}:{version}",
        "title": f"{kind} {version}: {what}",
    }
    parts = schema.pop("$defs")  # readers want the whole first
    return head | schema | head | {"$defs": parts}


def schemas() -> dict[str, str]:
    """The text of each file by its name."""
    return {
        f"{kind}-{version_of(record)}.json": json.dumps(schema_of(kind), indent=1, ensure_ascii=False) + "\n"
        for kind, (record, _) in KINDS.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

"""Hold files against public schemas, as check-jsonschema carries them; nothing is fetched."""

from collections.abc import Iterator

import yaml


def parsed(text: str) -> dict:
    """YAML as GitHub reads it: `on` is a word, not a truth."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}


def slips(schema: str, text: str) -> Iterator[str]:
    """What in a file does not fit.

    Args:
        schema: "github-workflows", "github-issue-forms", "citation-file-format", ...
        text: of the file, YAML.
    """
    import jsonschema
    from check_jsonschema.builtin_schemas import get_builtin_schema

    content = get_builtin_schema(f"vendor.{schema}")
    validator = jsonschema.validators.validator_for(content)(content)
    for error in validator.iter_errors(parsed(text)):
        yield f"{error.json_path}: {error.message}"

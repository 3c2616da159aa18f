"""``mlci schema``: the JSON Schemas, for editors and for checks in other languages."""

import json

import click

from mlci import schemas
from mlci.commands.options import Options, example, global_options
from mlci.errors import BadInput


@click.command(name="schema", epilog=example("mlci schema gate-policy"))
@click.argument("name", required=False)
@global_options
def command(options: Options, name: str | None) -> int:
    """Print the JSON Schema NAME; without a name, list the names there are."""
    names = schemas.names()
    if name is None:
        options.show("\n".join(names), {"schemas": list(names)})
        return 0
    if name not in names:
        raise BadInput(
            place="mlci schema", found=f"no schema {name!r}", expected=f"one of {', '.join(names)}"
        )
    schema = schemas.read(name)
    options.show(json.dumps(schema, indent=2, ensure_ascii=False), schema)
    return 0

"""Files that commands read and write."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

from cli import console
from cli.paths import NOT_UTF_8


def read_json_file(file: Path) -> Any:
    """The decoded content; `-` is standard input."""
    try:
        return json.loads(read_input() if str(file) == "-" else file.read_text())
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    except ValueError:
        raise typer.BadParameter(f"{file} is not JSON") from None


def read_input() -> str:
    """Standard input, as text."""
    try:
        text = sys.stdin.read()
        text.encode()
    except UnicodeError:
        raise typer.BadParameter(NOT_UTF_8) from None
    return text


def write_file(file: Path, content: bytes) -> None:
    """Write a file that a caller named, over one that is there."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def give_document(document: Any, output: Path | None, *, as_json: bool) -> None:
    """Write a JSON document to a file, or print it: for a person to read, or on one line with `as_json`."""
    if output is None and as_json:
        console.result(document)
        return
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if output is None:
        print(text)
        return
    write_file(output, (text + "\n").encode())
    console.say(f"written: {output}")

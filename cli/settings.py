"""The settings of a command, read once it runs."""

import os
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cli.errors import setting_error

if TYPE_CHECKING:
    from schemas.settings import Settings


def load() -> "Settings":
    """Read the environment. Raises `Invalid` (`bad_setting`) naming each variable that cannot be read."""
    from schemas.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise setting_error(error) from None


def environment(settings: "Settings") -> dict[str, str]:
    """This process's environment, with exactly these settings in it, for a child process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLEW_")}
    given = {name: value for name, value in settings.model_dump(mode="json").items() if value is not None}
    return kept | {f"CLEW_{name.upper()}": str(value) for name, value in given.items()}

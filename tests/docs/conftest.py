"""The README's commands are typed at a machine on which Clew runs."""

from tests.cli.conftest import machine as machine

"""`python -m tr2m_core` is `tr2m`."""

from tr2m_core.cli.main import run

run()

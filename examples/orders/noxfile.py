"""The shop's sessions."""

import nox

from osem_tasks.nox import fresh_engine


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests on a fresh database."""
    session.install("-r", "requirements.txt")
    with fresh_engine(session) as engine:
        session.run("pytest", *engine.posargs, env=engine.env)

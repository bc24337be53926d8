"""How long the tasks take beside what people use today: ``nox -s bench``."""

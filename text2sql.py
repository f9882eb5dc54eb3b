"""Ask a SQLite file from Python, in `.venv-ask` (`./launch.sh ask` makes it):

from text2sql import Asker

with Asker("shop.sqlite") as asker:
    print(asker.ask("How many authors come from Japan?").rows)
"""

from evaluate.asker import Answer, Asker
from evaluate.generation.engines import open_engine

__all__ = ["Answer", "Asker", "open_engine"]

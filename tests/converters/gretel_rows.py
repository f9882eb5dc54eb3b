"""Made-up rows in the form of gretel's set, to measure with: `python tests/converters/gretel_rows.py 100000 > FILE`.

Eight kinds of rows, with two tables and up to nine rows inserted; one in eight is in another dialect than SQLite's,
one in sixteen has a gold that cannot run. The questions and values differ from row to row, seeded.
"""

import json
import random
import sys
from collections.abc import Iterator

TOPICS = ("forest", "harbour", "museum", "clinic", "farm", "school", "mine", "theatre", "airport", "library")
THINGS = ("vessel", "visitor", "ticket", "harvest", "patient", "exhibit", "flight", "loan", "permit", "shipment")


def gretel_rows(number: int, seed: int = 0) -> Iterator[dict]:
    """So many rows, each with the keys of the data set that are read."""
    draw = random.Random(seed)
    for index in range(number):
        topic, thing = draw.choice(TOPICS), draw.choice(THINGS)
        context, question, sql = KINDS[index % len(KINDS)](topic, thing, draw)
        if index % 16 == 5:
            sql = sql.replace("SELECT", "SELECT no_such_column,", 1)
        yield {
            "id": index,
            "domain": topic,
            "sql_complexity": "basic SQL",
            "sql_prompt": f"{question} ({index})",
            "sql_context": context,
            "sql": sql,
            "sql_explanation": "Words about the query. " * 8,
        }


def tables(topic: str, thing: str, draw: random.Random, identity: str = "INT PRIMARY KEY") -> str:
    """Two tables, the second with up to nine rows and a foreign key to the first."""
    places = ", ".join(f"({n}, '{topic.title()} {n}', 'Region {draw.randint(1, 3)}')" for n in range(1, 4))
    values = ", ".join(
        f"({n}, {draw.randint(1, 3)}, {draw.randint(1, 999)}.5, '202{draw.randint(0, 4)}-0{draw.randint(1, 9)}-11')"
        for n in range(1, draw.randint(3, 10))
    )
    return (
        f"CREATE TABLE {topic}s (id INT, name VARCHAR(50), region VARCHAR(255)); "
        f"INSERT INTO {topic}s (id, name, region) VALUES {places}; "
        f"CREATE TABLE {thing}s ({thing}_id {identity}, {topic}_id INT, amount DECIMAL(10, 2), day DATE, "
        f"FOREIGN KEY ({topic}_id) REFERENCES {topic}s(id)); "
        f"INSERT INTO {thing}s ({thing}_id, {topic}_id, amount, day) VALUES {values};"
    )


def by_region(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    sql = f"SELECT region, COUNT(*) FROM {topic}s GROUP BY region ORDER BY region;"
    return tables(topic, thing, draw), f"How many {topic}s are in each region?", sql


def joined(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    sql = f"SELECT t.name, SUM(x.amount) FROM {topic}s t JOIN {thing}s x ON t.id = x.{topic}_id GROUP BY t.name;"
    return tables(topic, thing, draw), f"What is the total {thing} amount of each {topic}?", sql


def windowed(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    sql = f"SELECT {thing}_id, RANK() OVER (ORDER BY amount DESC) AS place FROM {thing}s;"
    return tables(topic, thing, draw), f"Rank the {thing}s by amount.", sql


def deleted(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    limit = draw.randint(1, 900)
    return (
        tables(topic, thing, draw),
        f"Delete {thing}s below {limit}.",
        f"DELETE FROM {thing}s WHERE amount < {limit};",
    )


def above_average(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    mean = f"SELECT AVG(amount) AS mean FROM {thing}s"
    sql = f"WITH a AS ({mean}) SELECT {thing}_id FROM {thing}s, a WHERE amount > a.mean;"
    return tables(topic, thing, draw), f"Which {thing}s are above the average amount?", sql


def empty(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    context = f"CREATE TABLE {thing}s ({thing}_id INT, kind TEXT, price FLOAT);"
    return (
        context,
        f"List the kinds of {thing}.",
        f"SELECT DISTINCT kind FROM {thing}s WHERE price > {draw.randint(1, 99)};",
    )


def viewed(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    context = tables(topic, thing, draw) + f" CREATE VIEW big_{thing}s AS SELECT * FROM {thing}s WHERE amount > 500;"
    return context, f"How many big {thing}s are there?", f"SELECT COUNT(*) FROM big_{thing}s;"


def foreign(topic: str, thing: str, draw: random.Random) -> tuple[str, str, str]:
    """MySQL or PostgreSQL, by chance."""
    if draw.random() < 0.5:
        sql = f"SELECT name FROM {topic}s JOIN {thing}s ON id = {topic}_id WHERE YEAR(day) = 202{draw.randint(0, 4)};"
        return tables(topic, thing, draw, "INT AUTO_INCREMENT PRIMARY KEY"), f"Which {topic}s had {thing}s?", sql
    sql = f"SELECT EXTRACT(MONTH FROM day) AS m, SUM(amount)::FLOAT FROM {thing}s GROUP BY EXTRACT(MONTH FROM day);"
    return tables(topic, thing, draw, "SERIAL PRIMARY KEY"), f"What is the {thing} amount a month?", sql


KINDS = (by_region, joined, windowed, deleted, above_average, empty, viewed, foreign)

if __name__ == "__main__":
    for made in gretel_rows(int(sys.argv[1])):
        sys.stdout.write(json.dumps(made) + "\n")

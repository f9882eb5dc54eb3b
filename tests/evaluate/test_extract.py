"""Which part of a completion is scored: one table a rule, with completions of real models among them."""

import json
import os
import time
from pathlib import Path

import pytest

from evaluate.extract import extract_sql


def check(completion, sql):
    assert extract_sql(completion) == sql


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SELECT a FROM t", "SELECT a FROM t"),
        (" \nselect a\nfrom t ;\n", "select a\nfrom t"),
        ("SELECT a FROM t -- all; of them\nWHERE b = ';'", "SELECT a FROM t -- all; of them\nWHERE b = ';'"),
        ("-- how many\nSELECT count(*) FROM t", "-- how many\nSELECT count(*) FROM t"),
        ("SELECT a\n\nFROM t\n\nWHERE b = 1", "SELECT a\n\nFROM t\n\nWHERE b = 1"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x"),
        ("SELECT a FROM t WHERE b = '<think>' OR b = '```'", "SELECT a FROM t WHERE b = '<think>' OR b = '```'"),
        ("SELECT a FROM t WHERE b = 'Question: c'", "SELECT a FROM t WHERE b = 'Question: c'"),
        ("SELECT a FROM t WHERE b = 'it''s'; ", "SELECT a FROM t WHERE b = 'it''s'"),
        ("SELECT a FROM t WHERE b = 'x  y'  -- why\n", "SELECT a FROM t WHERE b = 'x  y'  -- why"),
    ],
)
def test_bare_sql_is_kept_verbatim_but_for_one_semicolon(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE b = = 3",
        "SELECT a\nFROM t\nWHERE b = = 3\nORDER BY a",
        "SELECT a FROM t WHERE b IN (SELECT c FROM u) AND AND d",
        "SELECT a FROM t )",
        "SELECT TOP 1 a FROM t",
        "SELECT a FROM t WHERE b = 'open",
    ],
)
def test_sql_that_is_wrong_stays_whole(sql):
    check(sql, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SELECT a FROM t; SELECT b FROM u", "SELECT a FROM t"),
        ("SELECT a FROM t;\n\nThe query will select a from t where b = 1.", "SELECT a FROM t"),
        ("SELECT a FROM t\n\nThis query selects the column a.", "SELECT a FROM t"),
        ("SELECT a FROM t\nThis returns all a.", "SELECT a FROM t"),
        ("SELECT a FROM t\n```\nExplanation: a of t", "SELECT a FROM t"),
        ("SELECT a FROM t\n### Explanation\nIt reads t.", "SELECT a FROM t"),
        ("SELECT a FROM t\n\nQuestion: how many?\nSQL: SELECT count(*) FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t\n\nSELECT b FROM u", "SELECT a FROM t"),
        ("SELECT a FROM t\nSQLResult: 3", "SELECT a FROM t"),
        ("DELETE FROM t; SELECT 1", "DELETE FROM t"),
    ],
)
def test_of_a_completion_that_begins_with_sql_the_first_statement_counts(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("```sql\nSELECT a FROM t;\n```", "SELECT a FROM t"),
        ("```SQL SELECT a FROM t ```", "SELECT a FROM t"),
        ("```SELECT a FROM t```", "SELECT a FROM t"),
        ("~~~sql\nSELECT a FROM t\n~~~", "SELECT a FROM t"),
        ("Here:\n```sql\nSELECT a\nFROM t", "SELECT a\nFROM t"),
        ("```sql\n-- names\nSELECT a FROM t -- all\n```", "-- names\nSELECT a FROM t -- all"),
        ("Draft:\n```sql\nSELECT a FROM t\n```\nCorrected:\n```sql\nSELECT b FROM t\n```", "SELECT b FROM t"),
        ("```sql\nSELECT a FROM t\n```\nIt gives\n```\na\n1\n```", "SELECT a FROM t"),
        ("```sql\nSELECT a FROM t\n```\nIn Python:\n```python\nrun('SELECT b FROM t')\n```", "SELECT a FROM t"),
        ("```sql\nSELECT a FROM t\n```\n\n### Question: and b?\n```sql\nSELECT b FROM t\n```", "SELECT a FROM t"),
        ("```sql\nSELECT a FROM WHERE\n```", "SELECT a FROM WHERE"),
        ("Select the names with ```sql\nSELECT a FROM t\n```", "SELECT a FROM t"),
        ("```\nThere is no such table.\n```", None),
    ],
)
def test_of_fenced_blocks_the_last_with_a_query_counts(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("<think>I could SELECT x FROM y.</think>\nSELECT a FROM t", "SELECT a FROM t"),
        ("<think>\n\n</think>\n\n```sql\nSELECT a FROM t\n```", "SELECT a FROM t"),
        ("I could SELECT x FROM y.</think>SELECT a FROM t", "SELECT a FROM t"),
        ("<think>I could SELECT x FROM y", None),
    ],
)
def test_thinking_is_no_answer(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("[SQL] SELECT a FROM t [/SQL]", "SELECT a FROM t"),
        ("SELECT a FROM t [/SQL] [SQL] SELECT b FROM t [/SQL]", "SELECT a FROM t"),
        ("The answer is <sql>SELECT a FROM t;</sql>.", "SELECT a FROM t"),
        ("Below is an instruction.\n\n### Input:\nt(a)\n\n### Response:\nSELECT a FROM t", "SELECT a FROM t"),
        ("Select a row.\n### Response:\nSELECT a FROM t\n### Response:\nSELECT b FROM t", "SELECT a FROM t"),
        ("<|im_start|>assistant\nSELECT a FROM t<|im_end|>\n<|im_start|>user\nmore", "SELECT a FROM t"),
        ("<s> SELECT a FROM t</s>", "SELECT a FROM t"),
        ("SELECT a FROM t<｜end▁of▁sentence｜>", "SELECT a FROM t"),
        ("[INST] Select a. [/INST] SELECT a FROM t", "SELECT a FROM t"),
        ("CREATE TABLE t (a);\nSELECT a FROM t", "SELECT a FROM t"),
    ],
)
def test_an_echoed_prompt_and_marks_around_the_answer_are_left_out(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        (" name, country FROM singer WHERE age > 20", "SELECT name, country FROM singer WHERE age > 20"),
        ("count(*) FROM t\n\n", "SELECT count(*) FROM t"),
        ("* FROM t", "SELECT * FROM t"),
        ("a FROM t WHERE b IN (SELECT b FROM u)", "SELECT a FROM t WHERE b IN (SELECT b FROM u)"),
        ("avg(a) FROM t\n\nQuestion: and b?", "SELECT avg(a) FROM t"),
    ],
)
def test_a_completion_that_continues_select_gets_the_word_back(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SQL: SELECT a FROM t", "SELECT a FROM t"),
        ("sqlite> SELECT a FROM t;", "SELECT a FROM t"),
        ("Use `SELECT a FROM t`.", "SELECT a FROM t"),
        ("Use `SELECT `a` FROM `t``, please", "SELECT `a` FROM `t`"),
        ("It is \"SELECT a FROM t WHERE b = 'x'\".", "SELECT a FROM t WHERE b = 'x'"),
        ("(SELECT a FROM t) is it", "SELECT a FROM t"),
        ("I would select name from singer where age > 3", "select name from singer where age > 3"),
        ("Let me select x from y. Final answer: SELECT a FROM t", "SELECT a FROM t"),
        ("Step 1: SELECT a FROM t;\nStep 2: SELECT b FROM t WHERE c = 1;", "SELECT b FROM t WHERE c = 1"),
        ("SQL: SELECT a FROM t\nQuestion: and b?\nSQL: SELECT b FROM t", "SELECT a FROM t"),
        ("Note a WITH clause: WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x"),
        ("It is: SELECT a FROM t WHERE b IN (SELECT b FROM u) AND AND c",
         "SELECT a FROM t WHERE b IN (SELECT b FROM u) AND AND c"),
        ("**SQL:**\n\nSELECT a FROM t\n\n**Explanation:** a of t", "SELECT a FROM t"),
    ],
)  # fmt: skip
def test_of_queries_in_prose_the_last_that_stands_out_counts(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    "completion",
    [
        "",
        " \n",
        "I cannot answer that.",
        "To answer this you select the rows from the table.",
        "You need to select the name from the singer table.",
        "The SELECT statement reads rows from the table.",
        "Use the SELECT clause with FROM to choose columns.",
        "Select all the names from the list.",
        "With pleasure! The answer is 7.",
        "-- nothing",
    ],
)
def test_prose_about_selecting_is_no_sql(completion):
    assert extract_sql(completion) is None


@pytest.mark.parametrize(
    "sql", ["DELETE FROM t", "DROP TABLE t", "CREATE TABLE t (a)", "INSERT INTO t SELECT a FROM u", "EXPLAIN SELECT 1"]
)
def test_a_statement_that_is_no_query_is_handed_on_to_be_refused(sql):
    check(sql, sql)


# Completions of a chat model on Spider dev, and of DB-GPT-Hub's LoRA, shortened where they echo their prompt.
@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SELECT COUNT(*) FROM singer;", "SELECT COUNT(*) FROM singer"),
        (
            'The SQL query to answer the question "How many singers do we have?" is:  SELECT COUNT(*) FROM singer;',
            "SELECT COUNT(*) FROM singer",
        ),
        (
            "My apologies, I made a mistake in the previous query. Here's the corrected query:  SELECT s.Name, "
            "s.Song_Release_Year FROM singer s WHERE s.Age = (SELECT MIN(s2.Age) FROM singer s2)",
            "SELECT s.Name, s.Song_Release_Year FROM singer s WHERE s.Age = (SELECT MIN(s2.Age) FROM singer s2)",
        ),
        (
            "Here's the SQL query to answer the question:  ```sql SELECT Name FROM people; ```  This query selects "
            'the "Name" column from the "people" table, which gives us the names of all the poker players.',
            "SELECT Name FROM people",
        ),
        (
            "Here is the SQL query that answers the question: ```SQL SELECT Record_Company  FROM orchestra  WHERE "
            "Year_of_Founded < 2003  INTERSECT  SELECT Record_Company  FROM orchestra  WHERE Year_of_Founded > 2003; "
            "```",
            "SELECT Record_Company  FROM orchestra  WHERE Year_of_Founded < 2003  INTERSECT  SELECT Record_Company  "
            "FROM orchestra  WHERE Year_of_Founded > 2003",
        ),
        (
            "``` SELECT CountryName FROM countries WHERE CountryId NOT IN (     SELECT DISTINCT Country     FROM "
            "car_makers ); ```",
            "SELECT CountryName FROM countries WHERE CountryId NOT IN (     SELECT DISTINCT Country     FROM "
            "car_makers )",
        ),
        (
            "Here is the SQL query to answer your question:  SELECT COUNT(*) AS `Number of Employees`, s.Name AS `Shop "
            "Name` FROM hiring h JOIN shop s ON h.Shop_ID = s.Shop_ID GROUP BY s.Name;",
            "SELECT COUNT(*) AS `Number of Employees`, s.Name AS `Shop Name` FROM hiring h JOIN shop s ON h.Shop_ID = "
            "s.Shop_ID GROUP BY s.Name",
        ),
        (
            "The SQL query to find the money rank of the tallest poker player is:  SELECT TOP 1 p.Money_Rank FROM "
            "poker_player p JOIN people pe ON p.People_ID = pe.People_ID ORDER BY pe.Height DESC;",
            "SELECT TOP 1 p.Money_Rank FROM poker_player p JOIN people pe ON p.People_ID = pe.People_ID ORDER BY "
            "pe.Height DESC",
        ),
        ("There are 7 continents.", None),
        ("address", None),
        ("adfadf", None),
        (
            "This SQL query will give us the series name and country of all TV channels that are playing cartoons "
            "directed by Ben Jones and cartoons directed by Michael Chang.",
            None,
        ),
        (
            "This query will get the count of car makers in each continent by joining the tables `continents`, "
            "`countries`, and `car_makers`. It groups the result by continent and returns its name and the count.",
            None,
        ),
        (
            "I want you to act as a SQL terminal in front of an example database, you need to return the sql command "
            "to me. Table semesters has columns such as semester_id. semester_id is the primary key select "
            "t1.address_id from addresses as t1 join student_enrolment as t2 on t1.address_id = t2.current_address_id "
            "where t2.semester_id = 1",
            "select t1.address_id from addresses as t1 join student_enrolment as t2 on t1.address_id = "
            "t2.current_address_id where t2.semester_id = 1",
        ),
        (
            "The name of dogs is the foreign key of size_description of sizes. select t1.first_name from owners as t1 "
            'join dogs as t2 on t1.owner_id = t2.owner_id where t2.date_departed = "null"',
            "select t1.first_name from owners as t1 join dogs as t2 on t1.owner_id = t2.owner_id where "
            't2.date_departed = "null"',
        ),
        (
            "The feature_id is the foreign key of property_type_code of properties., So please tell me Show the "
            "property type descriptions of properties select property_type_description from ref_property_types",
            "select property_type_description from ref_property_types",
        ),
    ],
    ids=range(16),
)  # fmt: skip
def test_real_completions(completion, sql):
    check(completion, sql)


@pytest.mark.parametrize(
    "piece",
    ["select the ", "select a from ", "SELECT (", "SELECT a FROM t\n", "```", "<think>", "'", "WITH a (b) AS ("],
)
def test_an_endless_completion_takes_seconds_at_most(piece):
    text = "prose first " + piece * (20_000 // len(piece))
    start = time.process_time()
    result = extract_sql(text)
    assert result is None or result in text
    assert time.process_time() - start < 10


def test_a_completion_of_megabytes_is_handed_on_whole_if_it_begins_with_sql():
    huge = "SELECT " + "a," * 2_500_000 + "a"
    assert (extract_sql(huge), extract_sql("Well, " + huge)) == (huge, None)


HARMONY = "<|channel|>analysis<|message|>SELECT x FROM y?<|end|><|start|>assistant<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SELECT keyword.keyword FROM keyword", "SELECT keyword.keyword FROM keyword"),
        ("```sql\nSELECT operation || query FROM t\n```", "SELECT operation || query FROM t"),
        ("SELECT a x FROM t", "SELECT a x FROM t"),
        ("CREATE TEMP TABLE x AS SELECT a FROM t", "CREATE TEMP TABLE x AS SELECT a FROM t"),
        ("DROP SCHEMA s CASCADE; SELECT a FROM t", "DROP SCHEMA s CASCADE"),
        ("COPY (SELECT a FROM t) TO 'x'", "COPY (SELECT a FROM t) TO 'x'"),
        ("MERGE INTO t USING (SELECT a FROM t) s ON 1", "MERGE INTO t USING (SELECT a FROM t) s ON 1"),
        ("PREPARE p AS SELECT a FROM t", "PREPARE p AS SELECT a FROM t"),
        ("DECLARE c CURSOR FOR SELECT a FROM t", "DECLARE c CURSOR FOR SELECT a FROM t"),
        ("Here:\nINSERT INTO u\nSELECT a FROM t", "INSERT INTO u\nSELECT a FROM t"),
        ("```sql\nDELETE FROM t;\nSELECT a FROM t;\n```", "DELETE FROM t"),
        ("I cannot answer. Please select a from t yourself.", None),
        ("The query `SELECT a FROM t` is wrong and must not be used.", None),
        ("Do not use this:\n```sql\nSELECT a FROM t\n```", None),
        ("Never run the following query:\n```sql\nSELECT a FROM t\n```", None),
        ("For all channels that do not use English, you can run:\n```sql\nSELECT a FROM t\n```", "SELECT a FROM t"),
        ("The people who never do sports are found so:\nSELECT a FROM t", "SELECT a FROM t"),
        ("Sorry, I can't. But SELECT * FROM t would be dangerous", None),
        (HARMONY + "SELECT a FROM t<|return|>", "SELECT a FROM t"),
        ("<|channel|>analysis<|message|>SELECT a FROM t", None),
        ("[THINK]SELECT b FROM t[/THINK]SELECT a FROM t", "SELECT a FROM t"),
        ('```python\nsql = """\nSELECT a\nFROM t\n"""\n```', "SELECT a\nFROM t"),
        ("SELECT a FROM t; It is right." + " It is right." * 20_000, "SELECT a FROM t"),
        ("Well, well. " * 10_000 + "\nSELECT a FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t This returns all rows.", "SELECT a FROM t"),
        ("SELECT a FROM t. This returns all rows.", "SELECT a FROM t"),
        ("SELECT\u00a0a FROM\u00a0t WHERE b = 'x\u00a0y'", "SELECT a FROM t WHERE b = 'x\u00a0y'"),
        ("Draft: <sql>SELECT b FROM t</sql>\nFinal: <sql>SELECT a FROM t</sql>", "SELECT a FROM t"),
    ],
)
def test_attacks_on_the_extraction(completion, sql):
    check(completion, sql)


@pytest.mark.skipif("SPIDER_PREDICTIONS_DIR" not in os.environ, reason="SPIDER_PREDICTIONS_DIR is not set")
def test_what_published_systems_wrote_as_sql_comes_out_as_it_was():
    changed, seen = [], 0
    for file in sorted(Path(os.environ["SPIDER_PREDICTIONS_DIR"]).glob("*.jsonl")):
        predictions = [json.loads(line)["prediction"].strip() for line in file.open()]
        sql = [text for text in predictions if text.lower().startswith(("select", "with"))]
        seen += len(sql)
        changed += [text for text in sql if extract_sql(text) != text.removesuffix(";").rstrip()]
    assert (changed, seen) == ([], 15 * 1034 - 164)


@pytest.mark.skipif("NOISY_COMPLETIONS_DIR" not in os.environ, reason="NOISY_COMPLETIONS_DIR is not set")
def test_every_noisy_completion_with_a_query_gives_it_and_every_other_gives_none():
    lines = (Path(os.environ["NOISY_COMPLETIONS_DIR"]) / "output_sql_queries.txt").read_text().splitlines()
    without = {n for n, line in enumerate(lines) if extract_sql(line) is None}
    assert without == {45, 46, 87, 105, 179, 185, 485, 638, 732}
    assert all(extract_sql(line).lower().startswith("select") for n, line in enumerate(lines) if n not in without)

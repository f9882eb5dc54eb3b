"""Other wordings of a made question: what the model is asked, and which of its texts are worth a try.

    "list the 2 countries with the lowest life expectancy in each continent, with the continent"
    -> "For every continent, which two countries have the shortest life expectancy?"

A text is refused where it adds no word to the question (`same`), drops a number or value that the question has
(`lost`), speaks of SQL or of columns by their identifiers (`leaks`), or is not one finished line (`unfinished`).
Whether it still asks for the same is for the round trip to say (paraphrase.py). English only, as the questions are.
"""

import hashlib
import re
from collections.abc import Iterable

from prompts.chat_frames import prompt_pieces

TASK = (
    "Reword the question as a person would ask it. Ask for exactly the same: keep every number, name and condition. "
    "Do not use column names."
)
SHOTS = (  # question, SQL, wording
    (
        "What is the number of books for each genre?",
        "SELECT genre, COUNT(*) FROM book GROUP BY genre",
        "How many books do we have in every genre?",
    ),
    (
        "List the names of the 3 employees with the highest salary.",
        "SELECT name FROM employee ORDER BY salary DESC LIMIT 3",
        "Who are the 3 best paid employees?",
    ),
    (
        "Show the average price of products of the category Garden.",
        "SELECT AVG(price) FROM product WHERE category = 'Garden'",
        "How much does a Garden product cost on average?",
    ),
    (
        "Which customers have never placed an order?",
        "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)",
        "I need the names of all customers who didn't order anything",
    ),
    (
        "List the cities with more than 5 stores, with the number of stores.",
        "SELECT city, COUNT(*) FROM store GROUP BY city HAVING COUNT(*) > 5",
        "In which cities are there over 5 stores, and how many are there in each?",
    ),
    (
        "What is the total amount of the invoices issued in 2019?",
        "SELECT SUM(amount) FROM invoice WHERE date LIKE '2019%'",
        "how much did we invoice in 2019 altogether",
    ),
    (
        "names and birth years of the players, sorted by birth year, latest first",
        "SELECT name, birth_year FROM player ORDER BY birth_year DESC",
        "Give me every player's name and year of birth, starting with the youngest.",
    ),
)
LONGEST = 300  # characters
FILLERS = (
    "a all an and are can could did do does each every find for get give has have i in is it its list me of please s "
    "show tell that the their there they to us was we were what which with you"
)
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
_SQL = re.compile(
    r"\b(?:SELECT|FROM|WHERE|JOIN|GROUP BY|ORDER BY|HAVING|LIMIT|DISTINCT|COUNT|AVG|SUM|MIN|MAX|DESC|ASC|NULL|UNION|"
    r"INTERSECT|EXCEPT|OVER|PARTITION)\b|[`;{}<>]|\w\(|\b(?i:sql|query|column|columns)\b"
)
_IDENTIFIER = re.compile(r"\b(?:\w+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|\w+\.[A-Za-z]\w+)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


def prompt(question: str, sql: str) -> list[str]:
    """The texts of the prompt for a wording, one tokenized after the other, in the chat form of Qwen2.5."""
    asked = [*((known, query) for known, query, _ in SHOTS), (question, sql)]
    turns = [f"SQL: {query}\nQuestion: {known}" for known, query in asked]
    turns[0] = f"{TASK}\n\n{turns[0]}"
    return prompt_pieces({"template": "qwen"}, turns, [wording for *_, wording in SHOTS])


def prompt_digest() -> str:
    """12 hex digits that change with what the model is asked."""
    return hashlib.sha256("".join(prompt("", "")).encode()).hexdigest()[:12]


def clean(text: str) -> str:
    """The first line of a completion without what models put around a question."""
    line = next((each.strip() for each in text.splitlines() if each.strip()), "")
    line = re.sub(r"^(?:[-*•]|\d+[.)])\s+", "", line)
    line = re.sub(r"^(?:reworded|rephrased|new)?\s*(?:question|wording|answer)\s*:\s*", "", line, flags=re.IGNORECASE)
    if len(line) > 1 and line[0] == line[-1] and line[0] in "\"'“”":
        line = line[1:-1]
    return " ".join(line.split())


def refusal(wording: str, question: str, sql: str, known: Iterable[str] = ()) -> str | None:
    """Why a wording is not worth a try: `unfinished`, `same`, `lost` or `leaks`; None where it is.

    Args:
        known: normal forms (`normal`) of the questions that are there already.
    """
    if len(wording.split()) < 3 or len(wording) > LONGEST:
        return "unfinished"
    if normal(wording) in known or not new_words(wording, question):
        return "same"
    if leaks(wording, question):
        return "leaks"
    return "lost" if lost_values(wording, question, sql) else None


def normal(question: str) -> str:
    """Lower-case words without punctuation, and numbers without commas: 100,000 is 100000."""
    return " ".join(re.findall(r"\w+", _THOUSANDS.sub("", question.lower())))


def new_words(wording: str, question: str) -> set[str]:
    """The words that a wording adds to a question: fillers, and plurals of its words, are none."""
    return content(wording) - content(question)


def content(text: str) -> set[str]:
    words, fillers = ({word.removesuffix("s") for word in each.split()} for each in (normal(text), FILLERS))
    return words - fillers


def leaks(wording: str, question: str) -> bool:
    """Whether a wording shows SQL, an identifier or another script that the question does not have."""
    found = {match[0] for pattern in (_SQL, _IDENTIFIER) for match in pattern.finditer(wording)}
    strange = {letter for letter in wording if ord(letter) > 0x24F and letter.isalpha()}
    return any(each not in question for each in found | strange)


def lost_values(wording: str, question: str, sql: str) -> set[str]:
    """The numbers of the question, and the texts of the SQL that it has, which a wording has not."""
    texts = {literal.replace("''", "'").strip("%") for literal in _LITERAL.findall(sql)}
    asked, told = normal(question), normal(wording)
    lost = {text for text in texts if normal(text) and normal(text) in asked and normal(text) not in told}
    return lost | (set(re.findall(r"\d+", asked)) - set(re.findall(r"\d+", told)) - spelled(told))


def spelled(text: str) -> set[str]:
    """The small numbers that a text spells out, in digits."""
    return {str(number) for number, word in enumerate(NUMBER_WORDS.split()) if word in text.split()}

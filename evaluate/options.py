"""Values of the evaluator's command lines, for argparse, and what they say of an error of the system."""

import argparse
import math


def servers(text: str) -> tuple[str, ...]:
    """Addresses separated by commas."""
    from evaluate.generation.server import address  # needs httpx, which scoring alone does not

    try:
        return tuple(address(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """An integer of at least 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number of at least 1")
    return number


def seconds(text: str) -> float:
    """A time above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected a number of seconds above 0")
    return number


def reason(error: OSError) -> str:
    """Which file and what; the words of a library that raises an OSError of its own (a model that cannot be had)."""
    if error.filename:
        return f"{error.filename}: {error.strerror}."
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    return " ".join(f"{error}{cause}".split())

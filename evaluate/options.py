"""Values of the evaluator's command lines, for argparse."""

import argparse


def servers(text: str) -> tuple[str, ...]:
    """Addresses separated by commas."""
    from evaluate.generation.server import address  # needs httpx, which scoring alone does not

    try:
        return tuple(address(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """An integer of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a number of at least 1")
    return number

"""What the evaluator's command lines say of an error."""

import pytest

from evaluate.options import reason

UNKNOWN = OSError("Failed to load tokenizer.")
UNKNOWN.__cause__ = OSError("m is no model")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileExistsError(17, "File exists", "out"), "out: File exists."),
        (OSError("We couldn't connect,\nand found no 'm'."), "We couldn't connect, and found no 'm'."),
        (UNKNOWN, "Failed to load tokenizer. (m is no model)"),
    ],
)
def test_an_error_of_the_system_is_told_with_what_it_knows(error, text):
    assert reason(error) == text

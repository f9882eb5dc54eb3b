"""LLaMA-Factory's chat templates as text, where LLaMA-Factory is not installed: for llama.cpp and for servers.

    prompt_pieces({"template": "qwen"}, ["Write a SQLite query ..."], [])
    -> ["<|im_start|>system\\nYou are Qwen, ...<|im_end|>\\n",
        "<|im_start|>user\\nWrite a SQLite query ...<|im_end|>\\n<|im_start|>assistant\\n"]

Every piece is tokenized alone, special tokens included, as LLaMA-Factory does it: then the ids are those of the
training (tests/prompts/test_chat_frames.py). Only the templates of models that have a GGUF file in models/ are here.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Frame(NamedTuple):
    """What one template writes around a user turn, an answer and the system prompt; `{}` is the content.

    `begins`: the token in front of everything. `system_in_user`: the system prompt is part of the first user turn.
    """

    user: str
    answer: str
    system: str
    default_system: str = ""
    begins: str = ""
    system_in_user: bool = False


GEMMA = Frame(
    user="<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n",
    answer="{}<end_of_turn>\n",
    system="{}\n\n",
    begins="<bos>",
    system_in_user=True,
)
FRAMES = {
    "qwen": Frame(
        user="<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
        answer="{}<|im_end|>\n",
        system="<|im_start|>system\n{}<|im_end|>\n",
        default_system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
    ),
    "gemma": GEMMA,
    "gemma3": GEMMA,
}


def prompt_pieces(recipe: dict, questions: Sequence[str], answers: Sequence[str] = ()) -> list[str]:
    """The texts in front of the next answer, to be tokenized one by one.

    Args:
        recipe: a recipe's values; `template` and `default_system` count.
        questions: the user turns, the one to answer last.
        answers: what was answered to those before it.
    Raises ValueError for a template that is not in FRAMES.
    """
    name = recipe.get("template")
    if name not in FRAMES:
        raise ValueError(
            f"template {name!r} is not known without LLaMA-Factory; known are: {', '.join(FRAMES)}. "
            "Ask with --engine vllm, or a running server by --server"
        )
    frame = FRAMES[name]
    system = recipe.get("default_system") or frame.default_system
    opening = frame.system.replace("{}", system) if system else ""
    first, *later = questions
    if frame.system_in_user:
        opening, first = "", opening + first
    users = [frame.user.replace("{}", question) for question in (first, *later)]
    turns = [
        text
        for user, answer in zip(users, answers, strict=False)
        for text in (user, frame.answer.replace("{}", answer))
    ]
    return [piece for piece in (frame.begins, opening, *turns, users[-1]) if piece]

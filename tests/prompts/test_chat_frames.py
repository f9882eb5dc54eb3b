"""Chat templates as text say what LLaMA-Factory's own say, to the token."""

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from prompts.chat_frames import FRAMES, prompt_pieces
from prompts.template import load_template

QUESTIONS = ["How many singers are there?", "and in France?\n\nby city", "<b> {} {{content}} \\n"]
ANSWERS = ["SELECT COUNT(*) FROM singer", "\nSELECT 1"]


def by_llamafactory(recipe: dict, questions: list[str], answers: list[str]) -> list[int]:
    template, tokenizer = load_template(recipe)
    turns = [text for turn in zip(questions, [*answers, ""], strict=True) for text in turn]
    messages = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(turns)]
    pairs = template.encode_multiturn(tokenizer, messages)
    return [token for asked, answered in pairs[:-1] for token in asked + answered] + pairs[-1][0]


@pytest.mark.parametrize("template", FRAMES)
@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("system", [{}, {"default_system": "Be brief. {}"}], ids=["default", "system"])
def test_the_pieces_have_the_token_ids_of_llamafactory(tiny_model, template, turns, system):
    recipe = {"model_name_or_path": str(tiny_model), "template": template} | system
    questions, answers = QUESTIONS[:turns], ANSWERS[: turns - 1]
    _, tokenizer = load_template(recipe)
    pieces = prompt_pieces(recipe, questions, answers)
    ids = [token for piece in pieces for token in tokenizer.encode(piece, add_special_tokens=False)]
    assert ids == by_llamafactory(recipe, questions, answers)


def test_a_template_without_a_frame_is_refused_with_what_there_is():
    with pytest.raises(
        ValueError, match="template 'llama3' is not known without LLaMA-Factory; known are: qwen, gemma"
    ):
        prompt_pieces({"template": "llama3"}, ["How many?"])

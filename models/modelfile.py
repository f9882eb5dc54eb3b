"""Ollama's Modelfile for a GGUF file: the template, the system prompt and the ends of an answer of the training.

    FROM ./model-q8_0.gguf
    TEMPLATE {{ if .System }}<|im_start|>system ... (in three quotation marks)
    PARAMETER stop "<|im_end|>"

Ollama samples at temperature 0.8 with a penalty for repeated tokens and cuts long prompts at a few thousand tokens
unless a Modelfile says otherwise; SQL repeats column names, and schemas are long.
"""

from pathlib import Path

from prompts.chat_frames import FRAMES, Frame

CONTEXT = 16_384  # tokens of a prompt and its answer, as in `ask`; at most the model's own
ANSWER = 256  # tokens of an answer, as in the evaluation


class TemplateError(Exception):
    """A recipe's template that no Modelfile can hold; the message says why."""


def frame_of(recipe: dict) -> Frame:
    """What the recipe's template writes. Raises TemplateError for one that is not known without LLaMA-Factory."""
    if recipe.get("template") not in FRAMES:
        raise TemplateError(f"template {recipe.get('template')!r}: only {', '.join(FRAMES)} can be exported")
    return FRAMES[recipe["template"]]


def system_prompt(recipe: dict) -> str:
    """What the training put in front of every question; empty for some templates."""
    return recipe.get("default_system") or frame_of(recipe).default_system


def go_template(frame: Frame) -> str:
    """A frame in the language of Go's text/template, over Ollama's `.System` and `.Messages`.

    The token in front of everything is left out: llama.cpp puts it there. A frame whose system prompt is part of the
    first user turn is written without one.
    """
    system = (
        ""
        if frame.system_in_user
        else f"{{{{ if .System }}}}{frame.system.replace('{}', '{{ .System }}')}{{{{ end }}}}"
    )
    user, answer = (text.replace("{}", "{{ .Content }}") for text in (frame.user, frame.answer))
    return (
        f'{system}{{{{ range .Messages }}}}{{{{ if eq .Role "user" }}}}{user}'
        f'{{{{ else if eq .Role "assistant" }}}}{answer}{{{{ end }}}}{{{{ end }}}}'
    )


def stops(frame: Frame, end_tokens: list[str]) -> list[str]:
    """The texts that end an answer: what the template writes after one, and the model's end tokens."""
    return list(dict.fromkeys([frame.answer.replace("{}", "").strip(), *end_tokens]))


def write_modelfile(gguf: Path, recipe: dict, end_tokens: list[str], context: int, adapter: Path | None = None) -> str:
    """The text of a Modelfile that lies beside the file `gguf`.

    Args:
        end_tokens: the model's, as text.
        context: tokens that the model can read.
        adapter: a GGUF file beside it that is not merged into it.
    Raises TemplateError.
    """
    frame, system = frame_of(recipe), system_prompt(recipe)
    if '"""' in system or (system and frame.system_in_user):
        raise TemplateError(
            f"default_system {system!r} cannot be written into a Modelfile. Export without --ollama, and put it in "
            "front of the first question yourself"
        )
    lines = [
        f"FROM ./{gguf.name}",
        *([f"ADAPTER ./{adapter.name}"] if adapter else []),
        f'TEMPLATE """{go_template(frame)}"""',
        *([f'SYSTEM """{system}"""'] if system else []),
        *(f'PARAMETER stop "{text}"' for text in stops(frame, end_tokens)),
        "PARAMETER temperature 0",
        "PARAMETER repeat_penalty 1",
        f"PARAMETER num_ctx {min(CONTEXT, context)}",
        f"PARAMETER num_predict {ANSWER}",
    ]
    return "\n".join(lines) + "\n"

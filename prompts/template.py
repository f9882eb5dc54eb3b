"""LLaMA-Factory's template and tokenizer of a recipe: what turns a row into token ids, in training and everywhere else.

Loading them imports all of LLaMA-Factory, torch included: some 10 s and 800 MB.
"""

import copy
import os

# The data sets named in a recipe have no bearing on its template.
TEMPLATE_KEYS = ("template", "default_system", "enable_thinking", "preserve_thinking", "tool_format")


def load_template(recipe: dict):
    """LLaMA-Factory's `(Template, tokenizer)`, the tokenizer with the template's special tokens.

    Args:
        recipe: a recipe's values; the keys of LLaMA-Factory's model arguments (model_name_or_path, ...) and of
            TEMPLATE_KEYS count.
    Raises ImportError without LLaMA-Factory, OSError for a model and ValueError for a template that it cannot load.
    """
    os.environ.setdefault("LLAMAFACTORY_VERBOSITY", "WARN")
    from llamafactory.hparams import ModelArguments
    from llamafactory.model import load_tokenizer

    tokenizer = load_tokenizer(ModelArguments(**known(recipe, ModelArguments)))["tokenizer"]
    return template_for(tokenizer, recipe), tokenizer


def template_for(tokenizer, recipe: dict):
    """LLaMA-Factory's Template of a recipe for a tokenizer, which gets the template's special tokens.

    LLaMA-Factory writes a recipe's default_system into its one Template of that name, for all that ask for it later in
    the same process; so it is given a copy. Raises ValueError for an unknown template.
    """
    from llamafactory.data import get_template_and_fix_tokenizer
    from llamafactory.data.template import TEMPLATES
    from llamafactory.hparams import DataArguments

    arguments = DataArguments(**{key: recipe[key] for key in TEMPLATE_KEYS if key in recipe})
    name, registered = recipe.get("template"), TEMPLATES.get(recipe.get("template"))
    if registered is None:
        return get_template_and_fix_tokenizer(tokenizer, arguments)
    TEMPLATES[name] = copy.deepcopy(registered)
    try:
        return get_template_and_fix_tokenizer(tokenizer, arguments)
    finally:
        TEMPLATES[name] = registered


def known(recipe: dict, kind: type) -> dict:
    """The part of a recipe that one of LLaMA-Factory's argument classes takes, but for the adapter."""
    fields = {name for name, field in kind.__dataclass_fields__.items() if field.init} - {"adapter_name_or_path"}
    return {key: value for key, value in recipe.items() if key in fields}

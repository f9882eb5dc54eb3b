"""What a Weights & Biases run knows about a training beside transformers' arguments: the recipe and its data."""

from transformers import TrainerCallback

from recipes import recipe


class RecipeCallback(TrainerCallback):
    """Puts the recipe's values and the hashes of its converted files into the run's config."""

    def __init__(self, values: dict) -> None:
        self.values = values

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        if state.is_world_process_zero and "wandb" in args.report_to:
            import wandb

            if wandb.run:
                wandb.config.update({"recipe": self.values, "data": data_hashes(self.values)}, allow_val_change=True)


def data_hashes(values: dict) -> dict[str, str]:
    """The hash of every converted file of a recipe that is there, by data set name."""
    names = recipe.datasets(values) + recipe.datasets(values, "eval_dataset")
    files = {name: recipe.data_file(name) for name in names}
    return {name: recipe.file_hash(path) for name, path in files.items() if path.is_file()}

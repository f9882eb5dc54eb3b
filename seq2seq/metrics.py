"""Figures on generated answers during training, from 0 to 1: for curves and for choosing a checkpoint.

They compare texts and run nothing. `exact_match` is equality of the two texts but for white space, so it is stricter
than the evaluator's exact match; the score to report is `python evaluate/run.py`'s.
"""

from statistics import fmean

import numpy
from transformers import EvalPrediction, PreTrainedTokenizerBase

from seq2seq.tokens import decode
from sql.text_metrics import ROUGE_NAMES, bleu, is_valid_syntax, rouge, token_f1


def compute_metrics(prediction: EvalPrediction, tokenizer: PreTrainedTokenizerBase) -> dict[str, float]:
    """The metrics of a batch of generated ids against labels; -100 stands for padding in both."""
    found, golds = (texts(ids, tokenizer) for ids in (prediction.predictions, prediction.label_ids))
    return text_metrics(golds, found)


def texts(ids: numpy.ndarray, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The decoded rows of an array of token ids, (rows, tokens)."""
    return [decode(tokenizer, row) for row in numpy.where(ids < 0, tokenizer.pad_token_id, ids).tolist()]


def text_metrics(golds: list[str], found: list[str]) -> dict[str, float]:
    """Exact match of the texts, valid syntax, token F1, BLEU and ROUGE."""
    pairs = list(zip(golds, found, strict=True))
    rouges = [rouge(gold, text) for gold, text in pairs]
    return {
        "exact_match": fmean(gold.split() == text.split() for gold, text in pairs),
        "syntax_rate": fmean(is_valid_syntax(text) for text in found),
        "token_f1": fmean(token_f1(gold, text) for gold, text in pairs),
        "bleu": bleu(golds, found),
        **{name: fmean(scores[name] for scores in rouges) for name in ROUGE_NAMES},
    }

"""Pairs of question and SQL for a database that has none, made from its schema and rows alone.

profile.py      a SQLite file -> tables, typed columns (kinds.py) and relations, from samples of the rows
names.py        names and values as people write them; words.py: the kept words
filters.py      a condition -> SQL, and what it adds to a noun: "singers from France"
draft.py        what a rule of the grammar draws from, and what it makes
shapes/         the rules: each makes SQL together with several wordings
wording.py      templates -> questions, with the haste and the slips of people who type
generate.py     the loop: shapes and columns balanced, every query run
excerpt.py      a smaller copy of a very large database; robust.py: copies with other column names
struck.py       pairs that a person struck out; page.py: data.html, on which that is done
worded.py       wordings that a model wrote for made pairs
made.py         all of it as candidates of the corpus `own`; plan.py: what a training on them will take
"""

GENERATED = "generated"  # the tag of a made pair
BY_MODEL = "wording:model"  # and of one in a model's words; the others are `wording:grammar`

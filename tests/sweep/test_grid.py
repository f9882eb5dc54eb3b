"""Words as typed become points, and every mistake is one line before anything runs."""

import pytest

from sweep.grid import Grid, SweepError, name_of, points, read_grid


def test_a_key_with_several_values_is_an_axis_and_one_with_a_single_value_a_constant():
    grid = read_grid(["learning_rate=1e-4,2e-4", "prompt_style=ddl,compact", "cutoff_len=1088"])
    assert grid == Grid(
        axes={"learning_rate": ("1e-4", "2e-4"), "prompt_style": ("ddl", "compact")}, constants={"cutoff_len": "1088"}
    )


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("lora_target=[q_proj,v_proj],all", ("[q_proj,v_proj]", "all")),
        ("a={x: [1,2], y: 3},b", ("{x: [1,2], y: 3}", "b")),
        ("a='1,2',3", ("'1,2'", "3")),
        ("a=b=c,d", ("b=c", "d")),
    ],
)
def test_a_comma_within_brackets_or_quotes_does_not_separate(word, values):
    assert list(read_grid([word]).axes.values()) == [values]


def test_points_are_every_combination_with_the_last_axis_fastest():
    grid = read_grid(["a=1,2", "b=x,y"])
    assert [tuple(point.values()) for point in points(grid)] == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]
    assert grid.size == 4


def test_a_sample_is_drawn_by_its_seed_without_repeats_and_in_the_grids_order():
    grid = read_grid(["a=0,1,2,3,4,5,6,7,8,9"])
    drawn = [int(point["a"]) for point in points(grid, 4, seed=1)]
    assert drawn == [int(point["a"]) for point in points(grid, 4, seed=1)]
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 4
    assert len({tuple(point["a"] for point in points(grid, 4, seed=seed)) for seed in range(9)}) > 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["3"], "'3' is not KEY=VALUE or KEY=VALUE,VALUE, as in learning_rate=1e-4,2e-4"),
        (["=1,2"], "'=1,2' is not KEY=VALUE or KEY=VALUE,VALUE, as in learning_rate=1e-4,2e-4"),
        (["a=1"], "no key has several values, so there is nothing to sweep. Give one, as learning_rate=1e-4,2e-4"),
        ([], "no key has several values, so there is nothing to sweep. Give one, as learning_rate=1e-4,2e-4"),
        (["a=1,2", "a=3"], "key 'a' is given twice. Give its values once, with commas between: a=A,B"),
        (["a=1,,2"], "key 'a': '1,,2' has an empty value; write a=A,B without spaces"),
        (["a=1,"], "key 'a': '1,' has an empty value; write a=A,B without spaces"),
        (["a=1,2,1"], "key 'a': '1,2,1' names a value twice; every point is run once"),
        (["a=[1,2"], "key 'a': '[1,2' lacks a closing ]"),
        (["output_dir=a,b"], "key 'output_dir' cannot vary: every point has its own. Give one value or none."),
    ],
)
def test_words_that_make_no_grid_are_told_in_one_line(words, message):
    with pytest.raises(SweepError) as raised:
        read_grid(words)
    assert str(raised.value) == message


@pytest.mark.parametrize("samples", [0, 3, -1])
def test_a_sample_that_is_no_part_of_the_grid_is_refused(samples):
    with pytest.raises(SweepError) as raised:
        points(read_grid(["a=1,2"]), samples)
    assert str(raised.value) == f"--samples {samples}: the grid has 2 points. Give 1 to 2."


def test_a_points_name_can_be_a_folder():
    assert name_of({"learning_rate": "1e-4", "lora_target": "[a/b,c]"}) == "learning_rate=1e-4_lora_target=a-b-c"

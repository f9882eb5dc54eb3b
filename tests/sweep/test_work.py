"""Commands run here or on a real Ray cluster; one that fails is told and the others go on."""

import pytest

from sweep.plan import Command
from sweep.work import resources, run_here, run_on_ray

COMMANDS = [
    Command("first", ["true"]),
    Command("second", ["bash", "-c", "echo said on stdout; exit 3"]),
    Command("third", ["bash", "-c", "echo $WANDB_PROJECT; echo told >&2"]),
]


def test_a_command_that_fails_is_told_and_the_others_go_on(capfd):
    ended = list(run_here(COMMANDS))
    assert [(each.name, each.failure) for each in ended] == [
        ("first", None),
        ("second", "exit status 3"),
        ("third", None),
    ]
    assert "== second\n+ bash -c" in capfd.readouterr().out


def test_commands_run_one_at_a_time(tmp_path):
    mark = tmp_path / "mark"
    alone = ["bash", "-c", f"mkdir {mark} && sleep 0.1 && rmdir {mark}"]
    assert [each.failure for each in run_here([Command("a", alone), Command("b", alone)])] == [None, None]


@pytest.mark.parametrize(
    ("cluster", "asked"),
    [({"CPU": 8.0, "GPU": 2.0}, {"num_gpus": 1}), ({"CPU": 8.0}, {"num_cpus": 1}), ({"GPU": 0.0}, {"num_cpus": 1})],
)
def test_a_task_asks_for_a_gpu_where_the_cluster_has_any(cluster, asked):
    assert resources(cluster) == asked


@pytest.fixture(scope="module")
def cluster():
    """A real cluster of one node on this machine, stopped at the end."""
    ray = pytest.importorskip("ray", reason="needs .venv: ./launch.sh setup")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield made.address
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow
def test_on_a_cluster_each_command_is_a_task_with_a_log_of_its_own(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "passed on")
    ended = {each.name: each.failure for each in run_on_ray(COMMANDS, cluster, tmp_path / "logs")}
    assert ended == {"first": None, "second": "exit status 3", "third": None}
    assert (tmp_path / "logs/second.log").read_text() == "said on stdout\n"
    assert (tmp_path / "logs/third.log").read_text() == "passed on\ntold\n"

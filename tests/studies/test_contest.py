"""What is recorded of a search on a table."""

import json

import numpy as np
import pytest

import nastut as nt
from made_up_table import SPACE, made_up_table
from nastut.studies import contest
from nastut.studies.contest import EVERY

TABLE = made_up_table()


@pytest.fixture
def small(monkeypatch):
    """Make the contest a matter of seconds."""
    monkeypatch.setattr(contest, "table", lambda: TABLE)
    monkeypatch.setattr(contest, "EVALUATIONS", 100)


def searched(method, **settings):
    evaluations = settings.pop("evaluations", 500)
    return getattr(nt.search, method)(
        SPACE, TABLE.reward, evaluations=evaluations, progress=False, **settings
    )


def test_the_best_per_mille_is_rounded_down():
    assert len(TABLE) == 1184
    assert contest.per_mille(TABLE) == 1


@pytest.mark.parametrize("method", ["random", "evolution", "priority_queue"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_summary_agrees_with_the_history(method, seed):
    result = searched(method, seed=seed)
    found = contest.summary(result, TABLE)
    ranks = [TABLE.rank(cell) for cell in result.cells]
    good = [place for place, rank in enumerate(ranks, 1) if rank <= contest.per_mille(TABLE)]
    assert found["reached"] == (good[0] if good else None)
    assert found["best"] == str(result.best)
    best, improvements = np.inf, []
    for evaluation, rank in enumerate(ranks, 1):
        if rank < best:
            best = rank
            improvements.append([evaluation, round(result.rewards[evaluation - 1], 5), rank])
    assert found["improvements"] == improvements
    assert found["distinct"][-1] == result.calls
    second = result.rewards[EVERY : 2 * EVERY]
    assert found["mean_reward"][1] == pytest.approx(np.mean(second), abs=1e-5)
    assert {len(found[name]) for name in ("distinct", "mean_reward")} == {500 // EVERY}
    assert ("entropy" in found) == (method == "priority_queue")


def test_both_outcomes_occur():
    reached = [
        contest.summary(searched("evolution", seed=seed), TABLE)["reached"] for seed in range(4)
    ]
    assert any(reached)
    never = searched("random", seed=0, evaluations=EVERY)
    assert contest.summary(never, TABLE)["reached"] is None


def test_entropy_is_that_of_the_policy_in_nats():
    result = searched("priority_queue", seed=0)
    entropy = contest.summary(result, TABLE)["entropy"]
    assert len(entropy) == 500 // EVERY
    assert entropy[-1] == pytest.approx(sum(result.updates[-1]["entropy"]), abs=1e-4)
    assert 0 < entropy[-1] < entropy[0] < np.log(SPACE.size)


def test_a_search_of_one_update_has_its_entropy():
    result = searched("priority_queue", seed=0, evaluations=EVERY, batch=EVERY)
    assert len(result.updates) == 1
    assert len(contest.summary(result, TABLE)["entropy"]) == 1


def test_what_is_drawn_over_time_has_five_digits_and_entropy_four():
    result = searched("priority_queue", seed=1)
    found = contest.summary(result, TABLE)
    means = np.reshape(result.rewards, (-1, EVERY)).mean(axis=1)
    assert found["mean_reward"] == [round(mean, 5) for mean in means.tolist()]
    due = [sum(update["entropy"]) for update in result.updates if not update["evaluations"] % EVERY]
    assert found["entropy"] == [round(entropy, 4) for entropy in due]
    assert found["distinct"] == [
        len({cell.canonical() for cell in result.cells[:n]}) for n in range(EVERY, 501, EVERY)
    ]


def test_the_record_was_made_by_the_settings_that_the_code_has():
    study = contest.contest()
    recorded, made = nt.load_study("searches"), json.loads(json.dumps(study.settings))
    assert {key: recorded["settings"][key] for key in made} == made
    assert list(recorded["runs"]) == list(study.runs)


def test_every_method_runs_from_every_seed_in_silence(small, capsys):
    study = contest.contest()
    assert len(study.runs) == len(contest.METHODS) * len(contest.SEEDS)
    assert len(contest.SEEDS) >= 20
    for name in contest.METHODS:
        record = study.run(*study.runs[f"{name}, seed 3"])
        assert (record["method"], record["seed"]) == (name, 3)
        assert json.loads(json.dumps(record)) == record
        assert record == study.run(name, 3)
    assert capsys.readouterr() == ("", "")


def test_the_settings_name_what_the_results_depend_on(small):
    settings = contest.contest().settings
    assert settings["table"] == "made up"
    assert settings["evaluations"] == 100
    written = json.loads(json.dumps(settings))["methods"]
    paper = {"batch": 10, "learning_rate": 0.0005, "decay": 0.9, "entropy": 0.0, "redraw": False}
    assert written["REINFORCE"] == ["reinforce", paper]  # the defaults, written out
    tuned = {"learning_rate": 0.01, "entropy": 0.01}
    assert written["REINFORCE, tuned"] == ["reinforce", paper | tuned]

"""Every metric: equal to its function, over uneven batches, across two processes, pickled."""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.distributed

from posesift.evaluation import evalpose, pck
from posesift.evaluation.metrics import PCK, PCKAUC, AngleError, EvalPose
from posesift.poses.angles import joint_angles, statistics_of
from posesift.skeletons import load

BODY = replace(load("body16"), angle_mean_deg=(110.0,) * 12, angle_spread_deg=(35.0,) * 12)
CUTS = [0, 1, 9, 30, 37]  # uneven batches


def draw(garbage=float("nan")):
    generator = torch.Generator().manual_seed(0)
    true = torch.rand(37, 16, 2, generator=generator) * 64
    predicted = true + 4 * torch.randn(true.shape, generator=generator)
    visible = torch.rand(37, 16, generator=generator) < 0.8
    visible[3] = False
    visible[4:20, 9] = False
    true[~visible] = garbage
    return predicted, true, visible


def metrics():
    return {
        "pck": PCK(BODY, 64),
        "coarse": PCK(BODY, 64, 0.2),
        "auc": PCKAUC(BODY, 64),
        "evalpose": EvalPose(BODY),
        "standardised": EvalPose(BODY, form="standardised"),
        "cosine": EvalPose(BODY, form="cosine"),
        "error": AngleError(BODY),
    }


def by_functions():
    """The same figures from the functions, all samples at once."""
    predicted, true, visible = (x.numpy() for x in draw())
    found = joint_angles(predicted, visible, BODY.triplets)
    label = joint_angles(true, visible, BODY.triplets)
    limbs = evalpose.evalpose_limbs(predicted, true, visible, BODY)
    similar = evalpose.evalpose_100(found, label, *statistics_of(BODY))
    cosine = evalpose.evalpose_cosine(found, label)

    def mean(score):
        unknown = np.isnan(score).sum()
        return {"evalpose": np.nanmean(score), "defined": 37 - unknown, "undefined": unknown}

    return {
        "pck": pck.pck(predicted, true, visible, 64, skeleton=BODY),
        "coarse": pck.pck(predicted, true, visible, 64, 0.2, skeleton=BODY),
        "auc": pck.pck_auc(predicted, true, visible, 64, skeleton=BODY),
        "evalpose": mean(limbs),
        "standardised": mean(similar),
        "cosine": mean(cosine),
        "error": {
            "all": evalpose.angle_error_deg(found, label),
            **evalpose.angle_error_by_group(found, label, BODY),
            "within": evalpose.angle_at(found, label, 15),
        },
    }


def values(found):
    return {
        name: {key: float(value) for key, value in metric.compute().items()}
        for name, metric in found.items()
    }


def feed(found, parts):
    predicted, true, visible = draw()
    for start, stop in parts:
        for metric in found.values():
            metric.update(predicted[start:stop], true[start:stop], visible[start:stop])
    return found


def assert_equal(found, want):
    for name, figures in want.items():
        assert found[name] == pytest.approx(figures, rel=1e-12), name


def test_uneven_batches_equal_all_samples_at_once():
    found = feed(metrics(), itertools.pairwise(CUTS))
    assert_equal(values(found), by_functions())


def test_forward_gives_the_batch_and_keeps_the_sum():
    predicted, true, visible = draw()
    metric = PCK(BODY, 64)
    first = metric(predicted[:9], true[:9], visible[:9])
    want = pck.pck(predicted[:9], true[:9], visible[:9], 64, skeleton=BODY)
    assert float(first["all"]) == pytest.approx(want["all"])
    metric(predicted[9:], true[9:], visible[9:])
    assert float(metric.compute()["all"]) == pytest.approx(by_functions()["pck"]["all"])


def test_pickled_reset_and_half_precision():
    found = feed(metrics(), [(0, 37)])
    assert_equal(values(pickle.loads(pickle.dumps(found))), by_functions())
    metric = found["pck"]
    metric.reset()
    true = torch.full((1, 16, 2), 32.0)
    metric.update(true.half() + 1, true.half(), torch.ones(1, 16, dtype=torch.bool))
    assert float(metric.compute()["all"]) == 100


def test_nothing_to_judge_is_nan():
    true = torch.zeros(2, 16, 2)
    for metric in metrics().values():
        metric.update(true, true, torch.zeros(2, 16, dtype=torch.bool))
        figures = metric.compute()
        assert torch.isnan(figures.get("all", figures.get("evalpose")))


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="'limbs' or 'standardised' or 'cosine', found 'raw'"):
        EvalPose(BODY, form="raw")
    with pytest.raises(ValueError, match="carries no mean and spread"):
        EvalPose(replace(BODY, angle_mean_deg=None), form="standardised")
    EvalPose(replace(BODY, angle_mean_deg=None))  # limbs need no constants


def one_rank(rank, folder):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    found = feed(metrics(), [(0, 1), (1, 9)] if rank == 0 else [(9, 37)])
    assert_equal(values(found), by_functions())
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(sys.platform != "linux", reason="forks, which other systems do badly")
def test_two_processes_equal_one(tmp_path):
    fork = multiprocessing.get_context("fork")  # a fresh interpreter would import torch anew
    ranks = [fork.Process(target=one_rank, args=(rank, tmp_path)) for rank in (0, 1)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    try:
        assert [rank.exitcode for rank in ranks] == [0, 0]
    finally:
        for rank in ranks:
            rank.kill()

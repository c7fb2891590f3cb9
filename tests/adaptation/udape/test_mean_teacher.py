import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.adaptation.tiny import TinyNet

from posesift.adaptation.udape.mean_teacher import MeanTeacher, decay_for


@given(st.floats(0, 0.999), st.lists(st.floats(-3, 3), min_size=1, max_size=8))
def test_the_teacher_is_the_weighted_mean_of_its_students(decay, values):
    student = torch.nn.Linear(1, 1, bias=False)
    teacher = MeanTeacher(student, decay)
    for value in values:
        student.weight.data.fill_(value)
        teacher.update()
    weights = [decay**age for age in reversed(range(len(values)))]
    expected = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    assert teacher.network.weight.item() == pytest.approx(expected, abs=1e-4)


def test_what_it_began_as_is_forgotten_at_the_first_update():
    student = TinyNet()
    teacher = MeanTeacher(student, 0.99)
    for parameter in student.parameters():
        parameter.data.add_(1.0)
    teacher.update()
    for mine, theirs in zip(teacher.network.parameters(), student.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_running_statistics_are_averaged_and_counters_copied():
    student = TinyNet()
    teacher = MeanTeacher(student, 0.5)
    student.train()
    means = []
    for seed in range(2):
        random = torch.Generator().manual_seed(seed)
        student(torch.rand(4, 3, 16, 16, generator=random))
        means.append(student.body[1].running_mean.clone())
        teacher.update()
    averaged = (0.5 * means[0] + means[1]) / 1.5
    torch.testing.assert_close(teacher.network.body[1].running_mean, averaged)
    assert teacher.network.body[1].num_batches_tracked == 2


def test_the_teacher_is_a_copy_in_eval_mode_without_gradients():
    student = TinyNet()
    teacher = MeanTeacher(student, 0.9)
    assert not teacher.network.training
    assert not any(parameter.requires_grad for parameter in teacher.network.parameters())
    assert all(parameter.requires_grad for parameter in student.parameters())
    student.head.weight.data.add_(1.0)
    assert not torch.equal(teacher.network.head.weight, student.head.weight)


def test_short_stages_have_short_memories():
    assert decay_for(300) == pytest.approx(0.99)
    assert decay_for(10**6) == 0.9995
    assert decay_for(2) == 0.0


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_that_never_learns_is_refused(decay):
    with pytest.raises(ValueError, match=r"expected a decay of the teacher in \[0, 1\)"):
        MeanTeacher(TinyNet(), decay)

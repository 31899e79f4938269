"""The gradient of a policy as one vector; the rest is tested through the controller."""

import pytest
import torch
from torch import nn

from nastut.search.policy import flat_gradient, of_chosen


def test_a_gradient_is_one_vector_with_zeros_where_a_weight_has_no_part():
    policy = nn.ParameterList([torch.tensor([[2.0, 3.0]]), torch.tensor([5.0])])
    assert flat_gradient((policy[0] ** 2).sum(), policy).tolist() == [4, 6, 0]


def test_the_log_probabilities_of_what_was_chosen_are_picked_place_by_place():
    logs = [torch.tensor([[-1.0, -2.0], [-3.0, -4.0]]), torch.tensor([[-5.0], [-6.0]])]
    assert of_chosen(logs, torch.tensor([[1, 0], [0, 0]])).tolist() == [[-2, -5], [-3, -6]]
    with pytest.raises(ValueError, match="is shorter than"):
        of_chosen(logs, torch.tensor([[1], [0]]))


def test_only_a_number_has_a_gradient():
    policy = nn.ParameterList([torch.tensor([2.0, 3.0])])
    with pytest.raises(RuntimeError, match="scalar"):
        flat_gradient(policy[0] * 2, policy)

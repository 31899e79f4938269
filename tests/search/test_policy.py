"""The gradient of a policy as one vector; the rest is tested through the controller."""

import pytest
import torch
from torch import nn

from nastut.search.policy import flat_gradient


def test_a_gradient_is_one_vector_with_zeros_where_a_weight_has_no_part():
    policy = nn.ParameterList([torch.tensor([[2.0, 3.0]]), torch.tensor([5.0])])
    assert flat_gradient((policy[0] ** 2).sum(), policy).tolist() == [4, 6, 0]


def test_only_a_number_has_a_gradient():
    policy = nn.ParameterList([torch.tensor([2.0, 3.0])])
    with pytest.raises(RuntimeError, match="scalar"):
        flat_gradient(policy[0] * 2, policy)

"""The global reasoning unit (GloRe; Chen et al., CVPR 2019), as NS-ROM has it."""

from torch import Tensor, nn


class GraphReasoning(nn.Module):
    """Projects positions onto the nodes of a graph, lets these exchange states, projects back.

    With states S = W_s x (D×P, P positions) and the projection B = W_b x (N×P):
    V = S Bᵀ, V' = W_g ReLU(V A + V), out = x + BN(W_e V' B). A (a convolution over the nodes with
    biases) and W_g (over the states, without) are learnt. V is not divided by P.
    """

    def __init__(self, channels: int, nodes: int, states: int) -> None:
        """Build the unit.

        Args:
            channels: of the features.
            nodes: N.
            states: D.
        """
        super().__init__()
        self.state = nn.Conv2d(channels, states, 1)
        self.projection = nn.Conv2d(channels, nodes, 1)
        self.adjacency = nn.Conv1d(nodes, nodes, 1)
        self.update = nn.Conv1d(states, states, 1, bias=False)
        self.extend = nn.Conv2d(states, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=1e-4)

    def forward(self, features: Tensor) -> Tensor:
        """Map B×channels×h×w features to as many."""
        height, width = features.shape[2:]
        projection = self.projection(features).flatten(2)
        nodes = self.state(features).flatten(2) @ projection.transpose(1, 2)
        exchanged = self.adjacency(nodes.transpose(1, 2)).transpose(1, 2) + nodes
        updated = self.update(exchanged.relu()) @ projection
        return features + self.norm(self.extend(updated.unflatten(2, (height, width))))

"""Put PoseSift's sampler into a training loop of your own."""

import torch
from torch.utils.data import DataLoader

from posesift.data.loading import PoseDataset, collate
from posesift.data.readers import read
from posesift.difficulty.scorers import fit
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.sampling import make
from posesift.sampling.sampler import StrategySampler

STEPS, BATCH = 10, 16
source = read("world:body,n=400")
difficulty = fit(source, "pca").score(source)
sampler = StrategySampler(make("hard-mining", difficulty), draws=STEPS * BATCH, batch_size=BATCH)
print(sampler.summary())

network = build("small", keypoints=len(source.skeleton))
codec = HeatmapCodec(side=64, stride=network.stride)
optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
loader = DataLoader(PoseDataset(source, side=64), BATCH, sampler=sampler, collate_fn=collate)
for batch in loader:
    target, weight = codec.encode(batch["keypoints"], batch["visible"])
    heatmaps = network(batch["image"] / 127.5 - 1)
    loss = 200 * (weight[..., None, None] * (heatmaps - target) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
print(f"loss after {STEPS} steps: {loss.item():.2f}")

"""Put PoseSift's sampler into a training loop of your own."""

import torch
from torch.utils.data import DataLoader

import posesift as ps

STEPS, BATCH = 10, 16
source = ps.read("world:body,n=400")
difficulty = ps.fit_scorer(source, "pca").score(source)
strategy = ps.strategy("hard-mining", difficulty)
sampler = ps.StrategySampler(strategy, draws=STEPS * BATCH, batch_size=BATCH)
print(sampler.summary())

network = ps.network("small", keypoints=len(source.skeleton))
codec = ps.HeatmapCodec(side=64, stride=network.stride)
optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
loader = DataLoader(ps.PoseDataset(source, side=64), BATCH, sampler=sampler, collate_fn=ps.collate)
for batch in loader:
    target, weight = codec.encode(batch["keypoints"], batch["visible"])
    heatmaps = network(batch["image"] / 127.5 - 1)
    loss = 200 * (weight[..., None, None] * (heatmaps - target) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
print(f"loss after {STEPS} steps: {loss.item():.2f}")

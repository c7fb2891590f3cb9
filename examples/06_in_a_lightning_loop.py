"""Draw by difficulty in Lightning: Fabric's loop, and a LightningModule where that is installed."""

import importlib.util

import torch
from lightning_fabric import Fabric
from torch.utils.data import DataLoader

import posesift as ps

STEPS, BATCH = 10, 16
source = ps.read("world:body,n=400")
difficulty = ps.fit_scorer(source, "pca").score(source)
hard = ps.strategy("hard-mining", difficulty)
codec = ps.HeatmapCodec(side=64, stride=2)


def loader() -> DataLoader:
    """Batches of 16 poses, the hard ones more often."""
    draws = ps.StrategySampler(hard, draws=STEPS * BATCH, batch_size=BATCH)
    dataset = ps.PoseDataset(source, side=64)
    return DataLoader(dataset, BATCH, sampler=draws, collate_fn=ps.collate)


def loss_of(network: torch.nn.Module, batch: dict) -> torch.Tensor:
    target, weight = codec.encode(batch["keypoints"], batch["visible"])
    heatmaps = network(batch["image"] / 127.5 - 1)
    return 200 * (weight[..., None, None] * (heatmaps - target) ** 2).mean()


# Fabric: your own loop. The sampler already draws for one process, so it stays as it is.
fabric = Fabric(accelerator="cpu", devices=1)
network = ps.network("small", keypoints=len(source.skeleton))
network, optimiser = fabric.setup(network, torch.optim.AdamW(network.parameters(), lr=2e-3))
for batch in fabric.setup_dataloaders(loader(), use_distributed_sampler=False):
    loss = loss_of(network, batch)
    optimiser.zero_grad()
    fabric.backward(loss)
    optimiser.step()
print(f"Fabric: loss after {STEPS} steps: {loss.item():.2f}")

# A LightningModule: the trainer must not put a sampler of its own in the place of this one.
if importlib.util.find_spec("lightning") or importlib.util.find_spec("pytorch_lightning"):
    name = "lightning.pytorch" if importlib.util.find_spec("lightning") else "pytorch_lightning"
    pl = importlib.import_module(name)

    class Poses(pl.LightningModule):
        """The same network and loss."""

        def __init__(self):
            super().__init__()
            self.network = ps.network("small", keypoints=len(source.skeleton))
            self.losses = []

        def training_step(self, batch, _):
            """Return the loss of a batch."""
            loss = loss_of(self.network, batch)
            self.losses.append(loss.item())
            return loss

        def configure_optimizers(self):
            """Return the optimiser."""
            return torch.optim.AdamW(self.parameters(), lr=2e-3)

    module = Poses()
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader())
    print(f"Lightning: loss after {len(module.losses)} steps: {module.losses[-1]:.2f}")
else:
    print("Lightning is not installed: pip install lightning")

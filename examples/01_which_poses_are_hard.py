"""Score poses, cut bins, and see what the hardest bin holds. Needs no images and a few seconds."""

from collections import Counter

import posesift as ps
from posesift.difficulty.bins import assign
from posesift.difficulty.checks import rare_mode_auc

source = ps.read("world:body,n=3000")  # or coco:..., lspet:..., poses:table.parquet

for method in ("elbo", "knn"):  # the Pose VAE, and a cheap score beside it
    scorer = ps.fit_scorer(source, method)
    difficulty = scorer.score(source)  # (3000,), higher = harder
    print(f"{method}: finds rare modes with AUC {rare_mode_auc(difficulty, source.rare_N):.2f}")

bins = assign(difficulty, ps.bin_edges(difficulty, k=10))
for number in (0, 9):
    modes = Counter(source.mode_N[bins == number]).most_common(5)
    print(f"bin {number + 1}: " + ", ".join(f"{mode} {count}" for mode, count in modes))

target = ps.read("world:body,poses=target,n=1000")
harder = scorer.score(target).mean() / difficulty.mean()
print(f"by the source's measure, target poses are {harder:.1f} times as hard")

"""Choose rows of a pose table with pandas, and take key points of supervision for a pose table."""

import importlib.util

import posesift as ps
from posesift.poses.exchange import from_pandas, from_supervision, to_pandas, to_supervision

table = ps.read("world:body,n=500")
score = ps.fit_scorer(table, "pca").score(table)  # (N,), higher is harder

if importlib.util.find_spec("pandas"):
    frame = to_pandas(table)  # one pose a row: nose_x, nose_y, nose_v, width, mode, ...
    frame["score"] = score
    hard = frame.sort_values("score", ascending=False).groupby("mode").head(3)
    print(f"pandas: the 3 hardest poses of each mode are {len(from_pandas(hard))} poses")
else:
    print("pandas is not installed: pip install pandas")

if importlib.util.find_spec("supervision"):
    key_points = to_supervision(table)  # for its annotators, trackers and filters
    again = from_supervision(key_points, table.skeleton, root=table.root)
    print(f"supervision: {len(again)} poses as KeyPoints and back")
else:
    print("supervision is not installed: pip install supervision")

from posesift.data.readers import read
from posesift.experiments.score_checks import rare_among


def test_rare_is_what_is_rare_in_the_mixture_and_in_these_poses() -> None:
    source, target = (read(f"world:body,poses={poses},n=2000") for poses in ("source", "target"))
    rare_N = rare_among(source)
    assert rare_N is not None
    assert source.mode_N is not None
    assert target.rare_N is not None
    for mode in set(source.mode_N.tolist()):
        shown_N = source.mode_N == mode
        is_rare = source.share[mode] < 0.03 and shown_N.mean() < 0.03
        assert set(rare_N[shown_N].tolist()) == {bool(is_rare)}
    # A flat mixture holds as much of what the source hardly has: nothing in it is rare.
    assert target.rare_N.mean() > 0.4
    assert rare_among(target) is None

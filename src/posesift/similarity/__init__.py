"""How much sets of poses are alike: neighbours, coverage and bins in the space of joint angles."""

"""What the target has and the source lacks: the map, the angles, and what to render next."""

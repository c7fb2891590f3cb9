"""What every method is trained by: the loop, its journal and checkpoints, the devices."""

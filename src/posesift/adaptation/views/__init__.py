"""Random views of a batch of crops, made on the device."""

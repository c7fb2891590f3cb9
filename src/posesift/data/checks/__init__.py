"""Is this data what it should be? One question a module, asked by `posesift check`."""

"""Training a pose network on labelled source images, with or without unlabelled target images.

``method`` says what a method is, ``source_only`` is the plainest one, ``loop`` drives any of
them, ``augment`` makes views of a batch on the device, ``checkpoint`` keeps and finds states,
``runtime`` knows devices and precision. All of them need torch, so import the module you use:

    from posesift.adaptation.training.loop import fit
    from posesift.adaptation.training.runtime import Runtime
    from posesift.adaptation.source_only.method import SourceOnly
"""

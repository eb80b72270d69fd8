"""The model in torch, for training and for bulk work (extra ``train``)."""

"""Language models that a classifier starts from: pretraining on texts without labels."""

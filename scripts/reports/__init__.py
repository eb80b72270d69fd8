"""What the shipped models, and each lever of their training, are worth: measured anew."""

"""How the shipped models were made: what each learned from, its training, its figures and its card."""

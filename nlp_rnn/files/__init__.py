"""Reading and writing files of texts, labels, pairs, series and characters."""

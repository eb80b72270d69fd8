"""Studies: what the toolkit is built on, measured. Each gives a table, JSON and a picture."""

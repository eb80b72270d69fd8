"""Other people's tools, a file each that is named for its tool and is imported by that name."""

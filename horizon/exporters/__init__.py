"""The registry of export forms: one file each; other packages add theirs by the entry-point group of this name."""

"""Training, in torch: a recipe in, a run folder and a bundle out."""

"""Evaluation: how good a recipe is on music that its networks did not see."""

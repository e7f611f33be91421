"""Experiments of the literature: many methods on one data set, under one protocol."""

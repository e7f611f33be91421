"""Choosing and ordering songs: the problem, what looks for its answer, and what improves that.

    route      where on the mood map the music shall be at each moment
    songs      the library's songs as columns: places, lengths, artists, which are alike
    problem    the songs that come into question, and the objective as a formula
    greedy     the nearest song, again and again: a first answer, and the measure of the others
    beam       many partial playlists at once, grown along the time (dynamic programming)
    improve    exchanges, shifts and reversals, until none makes the playlist better
    ordering   all songs of a set, in an order with small steps

A place is (valence, arousal) divided by how far the library's songs spread on each axis, so
that an axis on which the songs hardly differ counts as much as the other.
"""

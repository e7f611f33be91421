"""affetto: music emotion recognition."""

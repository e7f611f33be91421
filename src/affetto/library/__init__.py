"""A music collection by mood: the database, its searches, and moods in the files themselves."""

// Joins a conference by its link.

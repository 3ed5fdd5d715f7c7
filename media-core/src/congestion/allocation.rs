//! Owns the division of a budget among the pictures that somebody watches. Pure: demands and a budget in, layers out.

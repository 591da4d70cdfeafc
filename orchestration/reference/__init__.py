"""Facts of the world that are written into the project, where people can read them."""

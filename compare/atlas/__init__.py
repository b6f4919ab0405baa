"""The atlas: geometries that were found and are in no catalogue, with their certified optima."""

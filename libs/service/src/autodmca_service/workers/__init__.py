"""Work that may loop, eat memory or crash is done here by processes that the service can do without."""

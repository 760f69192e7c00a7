"""URLs in what people paste: found, refanged, brought to one normal form."""

"""From a record to the connections that get it, and how their events leave."""

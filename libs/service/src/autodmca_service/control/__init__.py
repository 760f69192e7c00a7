"""What the nodes of the system say to each other on `edge-control`, as far as it concerns every process."""

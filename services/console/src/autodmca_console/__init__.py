"""The console: the page's files, the nodes' figures, and development tokens on a machine of one's own."""

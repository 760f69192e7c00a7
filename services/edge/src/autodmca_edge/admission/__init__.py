"""Whether, and when, this node takes one more connection or one more message."""

"""What users are told, and when: notifications of their own, and those for everybody."""

"""The accounts service: profiles and submissions of a user, and what the user is told of them."""

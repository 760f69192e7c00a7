"""Two social networks that speak Mastodon's and Bluesky's APIs, and the people on them."""

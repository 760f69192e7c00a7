"""Four search engines and the Lumen database, as far as one who asks for removals sees them."""

"""The rules of delisting, pure: what is remembered, what may be asked, what follows."""

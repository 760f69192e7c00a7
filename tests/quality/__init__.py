"""How well the domain functions do on real data: a table a module, printed by `make quality`."""

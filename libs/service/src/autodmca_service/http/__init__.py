"""The HTTP side of a service: one table of operations makes its routes and its OpenAPI document."""

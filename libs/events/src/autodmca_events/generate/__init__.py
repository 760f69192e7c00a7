"""What other languages and tools read, generated from the structs: JSON Schema, AsyncAPI, TypeScript."""

"""What a person at a terminal sees: commands, tables, pictures, the interactive shell and the demo."""

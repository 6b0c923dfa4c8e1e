"""What is broken, one module for each kind of fault."""

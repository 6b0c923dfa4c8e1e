"""People whose data Ponte keeps: declarations, register, export, erasure and retention."""

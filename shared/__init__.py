"""What every Ponte service stands on. It knows no service."""

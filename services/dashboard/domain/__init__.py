"""What the page concludes from the units' facts. Pure: the time comes in as an argument."""

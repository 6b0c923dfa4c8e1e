"""Files that people take away: what a spreadsheet opens."""

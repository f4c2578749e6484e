"""Language models behind one protocol, and the table that finds them."""

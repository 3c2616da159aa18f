"""What the data are like: counted in one pass over the rows, merged over shards of them."""

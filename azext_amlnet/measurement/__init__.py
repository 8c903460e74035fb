"""What the prober saw → what it means: facts of the wire, judged layer by layer, and the report on them. Pure."""

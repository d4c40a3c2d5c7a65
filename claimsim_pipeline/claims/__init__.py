"""What a claim is: columns, units, consequences, invariants. No files, no clock, no dice."""

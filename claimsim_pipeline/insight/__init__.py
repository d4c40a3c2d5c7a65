"""What came out: scorecard, report, watch, realism. The only reader of the answer sheet."""

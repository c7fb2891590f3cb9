"""What came out: tables, intervals and figures of arms, difficulty, support and the gap."""

"""Speed, proven side by side: every figure beside a reference measured in the same run, printed as ratios."""

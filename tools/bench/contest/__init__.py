"""This compiler's kernels and their peers on one GPU: what is measured, how,
and what the numbers are held to. tools/bench/peers.py is the way in."""

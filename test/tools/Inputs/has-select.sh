#!/bin/sh
# Interesting (exit code 1) as long as the file holds a llsa.select.
! grep -q "llsa.select" "$1"

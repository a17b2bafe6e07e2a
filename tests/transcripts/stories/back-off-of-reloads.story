# Loads that fail are not repeated in a hurry: the waits double up to the longest.
by hand
start
fail subscription transient
wait 100ms
fail subscription transient
wait 200ms
subscribed
fail load transient
wait 400ms
fail subscription transient
wait 400ms
report

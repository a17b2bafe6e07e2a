# More ids queued than the limit: the queue is dropped, and a reload takes its place.
config queue_limit=2
start
by hand
put a=1 b=1 c=1 d=1
notice a
notice b c
report
notice d
report

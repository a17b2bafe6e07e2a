# A load is no snapshot: x is read before a commit, y after it. The step from the beginning of the load completes it, so that the
# first batch is the backing as it was at one moment.
by hand
put x=1 y=1
start
open A
A.next
subscribed
loaded x
put x=2 y=2
notice x y
loaded y
loaded done
answer
A.next c1

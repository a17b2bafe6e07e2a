# A fetch times out and is asked again; the answer to the first one comes after the retry was answered, and is dropped.
start
put x=1
open A
A.next
by hand
put x=2
notice x
wait 1000ms
wait 100ms
answer
A.next
answer f2 p1 p2 x
A.next
report

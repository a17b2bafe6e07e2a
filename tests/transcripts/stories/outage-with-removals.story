# The backing fails; while it is away x goes, y changes, z comes and w stays. The readers are told the difference, and nothing else.
start
put w=1 x=1 y=1
open A
open B m2
A.next
B.next
B.next
by hand
fail subscription transient
report
A.progress
del x
put y=2 z=1
wait 100ms
subscribed
loaded w y z
loaded done
answer
A.next
A.progress
report

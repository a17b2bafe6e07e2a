# A reader comes back with the revno it had. Inside the window it is told the difference, removals included; outside, and with
# another epoch's revno, it is told that the past is gone.
config window=2
start
put x=1 y=1
open A
A.next
A.stop
del x
put y=2
resume B as A
B.next
put z=1
resume C as A
resume C r3 foreign
resume C r4
C.next
report

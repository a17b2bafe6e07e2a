# x cannot be read. It keeps its last value and is read again with back-off, while the rest of its commit goes on. In the end it
# follows alone.
start
put x=1 y=1
open A
A.next
unreadable x
put x=2 y=2
A.next
report
wait 250ms
report
readable x
wait 250ms
A.next
report

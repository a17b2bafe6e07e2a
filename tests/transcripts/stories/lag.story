# A reader that does not read is ended in the step that passes the limit, not before, and says so ever after. Changes it does not
# see do not count.
config lag_limit=2
start
open A m1
A.next
open B m2
B.next
put x=1
put x=2
report
put x=3
report
A.next
A.progress
B.next
A.stop
A.next

# A lag limit of 0 ends a watcher in the first step it could be told of. Its waiting call is woken once, and reads why.
config lag_limit=0
start
open A
A.next
A.next
put x=1
A.next c1

# Z11: two calls of one watcher are served in the order of their first polls; a later one does not overtake, try_next neither.
start
open A
A.next
A.next
A.next
A.next
put x=1
A.next c2
A.next
A.try
A.next c1
put y=1
A.next c2

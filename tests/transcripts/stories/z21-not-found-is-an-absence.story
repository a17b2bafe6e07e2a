# Z21: an entity that cannot be found is gone; nobody's watcher ends because of it.
start
put x=1 y=1
open A
A.next
by hand
del x
notice x
answer
A.next

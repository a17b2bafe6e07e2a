# By policy a failure ends the watchers with its cause; the machine goes on, and a new watcher works.
config restart=end
start
put x=1
open A
A.next
A.next
by hand
fail subscription transient
A.next c1
A.next
open B
B.next
report
A.stop
report

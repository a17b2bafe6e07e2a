# One commit, seen through five filters.
start
open all
open one m2
open set m1 m2
open only m1 m2 only machine
open except except unit
all.next
one.next
set.next
only.next
except.next
commit x=1 machine/m1/0=up machine/m3/0=up m2/x=1 -m2/y
all.next
one.next
set.next
only.next
except.next
report
